import type { Outbound } from '#http/outbound.ts'
import type { SeenIdentity } from '#storage/identities.ts'
import type { Notes } from './notes.ts'
import { failed, UpstreamFailure, type Ask } from './providers/upstream.ts'
import type { Provider, Providers } from './registry.ts'
import { beginWithGrant, redeemWithGrant, type GrantSession } from './with-grant.ts'

/**
 * The way to a provider and back. It begins for one browser and one purpose, and ends once: the state that comes back
 * names the note that was made at the start, which opens only for the browser that began and only at the callback of the
 * provider that was asked (so that no other provider's answer is taken for its own).
 */
export interface Hop {
  /** Resolves to the address of the provider. Rejects with UpstreamFailure. */
  begin(provider: Provider, purpose: Purpose, browser: string): Promise<string>
  /** Who has come back; undefined when no one was sent, they were back before, or it is another browser. */
  arrive(
    providerId: string,
    callback: Record<string, string>,
    browser: string,
  ): Promise<Arrived | undefined>
}

/** Where the person goes when they are back: into an interaction, or to the account that gets one more identity. */
export type Purpose = { kind: 'sign-in'; uid: string } | { kind: 'link'; userId: string }

export interface Arrived {
  purpose: Purpose
  provider: Provider
  outcome: { seen: SeenIdentity } | { failure: UpstreamFailure }
}

export interface HopParts {
  providers: Pick<Providers, 'find'>
  notes: Notes
  outbound: Outbound
  /** Our own address: `<issuer>/oauth/:provider/callback` is what is registered at the provider. */
  issuer: string
}

interface Begun {
  providerId: string
  clientId: string
  purpose: Purpose
  session: GrantSession
}

export function createHop({ providers, notes, outbound, issuer }: HopParts): Hop {
  const callOf = (provider: Provider, ask: Ask) => ({
    ask,
    clientId: provider.clientId,
    redirectUri: `${issuer}/oauth/${provider.id}/callback`,
  })

  const identify = async (
    provider: Provider,
    { session }: Begun,
    callback: Record<string, string>,
  ): Promise<SeenIdentity> => {
    const { upstream } = provider
    const ask = await upstream.ask()
    checkIssuer(ask, callback['iss'])
    const code = codeOf(callback)
    const tokens = upstream.redeem
      ? await upstream.redeem(code, callOf(provider, ask).redirectUri)
      : await redeemWithGrant(callOf(provider, ask), {
          query: { code, state: session.state },
          session,
          outbound,
        })
    return upstream.identify({ tokens, nonce: session.nonce, callback })
  }

  return {
    async begin(provider, purpose, browser) {
      const ask = await provider.upstream.ask()
      const { address, session } = await beginWithGrant(callOf(provider, ask))
      const { id: providerId, clientId } = provider
      const begun: Begun = { providerId, clientId, purpose, session }
      await notes.write(begun, browser, session.state)
      return provider.upstream.dialect?.(address) ?? address.href
    },
    async arrive(providerId, callback, browser) {
      const { state = '' } = callback
      const waiting = await notes.read<Begun>(state, browser)
      const provider = providers.find(providerId)
      const isTheirs = waiting?.providerId === providerId && waiting.clientId === provider?.clientId
      if (!isTheirs || !provider || !(await notes.take(state, browser))) return undefined
      const { purpose } = waiting
      try {
        return { purpose, provider, outcome: { seen: await identify(provider, waiting, callback) } }
      } catch (error) {
        if (!(error instanceof UpstreamFailure)) throw error
        return { purpose, provider, outcome: { failure: error } }
      }
    },
  }
}

/** RFC 9207 §2.4. */
function checkIssuer({ issuer, isIssRequired }: Ask, named: string | undefined): void {
  if (named === undefined ? isIssRequired === true : issuer !== undefined && named !== issuer)
    throw failed('the callback is of another issuer')
}

const refusals = new Set(['access_denied', 'user_cancelled_authorize', 'consent_required'])

/** Anyone who says no comes back with an error, or at WeChat with nothing. */
function codeOf({ code, authCode = code, error }: Record<string, string>): string {
  if (error !== undefined && !refusals.has(error))
    throw failed(`the provider says ${error.replaceAll(/[^a-z_]/g, '').slice(0, 60)}`)
  if (!authCode || error !== undefined) throw new UpstreamFailure('cancelled', 'the person said no')
  return authCode
}
