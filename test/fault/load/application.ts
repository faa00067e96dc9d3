import { decodeJwt } from 'jose'
import { createHash } from 'node:crypto'
import { newSecret } from '#lib/ids.ts'
import type { CallOptions } from '../../support/api.ts'
import { authorize } from '../../support/relying-party.ts'
import { join, type Person, type World } from './world.ts'

/** A code lives for a minute; of the last seconds we say nothing. */
const codeMs = 50_000

/** One person's way into the application. */
export interface Visit {
  /** Goes through login and consent, where they are asked for; resolves to the redirect with the code. */
  enter(parameters?: Record<string, string>): Promise<URL>
  /** A request of the application at the token endpoint. */
  form(parameters: Record<string, string>): CallOptions
  /** The one that redeems the code. */
  codeForm(left: URL): CallOptions
  redeems(left: URL): Promise<boolean>
}

export function createVisit({ visitor, client, callback }: World, person: Person): Visit {
  const browser = visitor.browser()
  const verifier = newSecret(48)
  const parameters = {
    client_id: client.id,
    redirect_uri: callback,
    response_type: 'code',
    scope: 'openid email',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }
  const form = (more: Record<string, string>): CallOptions => ({
    body: new URLSearchParams(more),
    headers: { authorization: `Basic ${btoa(`${client.id}:${client.secret}`)}` },
  })
  const codeForm = (left: URL): CallOptions =>
    form({
      grant_type: 'authorization_code',
      code: left.searchParams.get('code') ?? '',
      code_verifier: verifier,
      redirect_uri: callback,
    })
  return {
    enter(more = {}) {
      const url = new URL('/oauth/authorize', visitor.origin)
      url.search = new URLSearchParams({ ...parameters, ...more }).toString()
      return authorize(browser, url, person)
    },
    form,
    codeForm,
    redeems: async (left) =>
      (await visitor.ask('POST', '/oauth/token', codeForm(left))).status === 200,
  }
}

/** Signs in at an application in a browser: login, consent, code, tokens. Every second code is left for after the fault. */
export async function visitingApplication(world: World): Promise<void> {
  const { ledger, visitor } = world
  const { enter, codeForm, redeems } = createVisit(world, await join(world))
  const enterAgain = async () =>
    (await redeems(await enter())) ? undefined : 'a second visit gets no tokens'
  const enterSilently = async () => {
    const { searchParams } = await enter({ prompt: 'none' })
    return searchParams.has('code')
      ? undefined
      : `the session or the consent is lost: ${searchParams.get('error')}`
  }

  const left = await ledger.attempt('consent', () => enter(), {
    kept: () => enterSilently,
    cut: enterAgain,
  })
  const isLeft = Math.random() < 0.5
  if (isLeft) {
    const issued = performance.now()
    const works = async () =>
      performance.now() - issued > codeMs || (await redeems(left))
        ? undefined
        : 'the code is refused'
    await ledger.attempt('code', async () => left, { kept: () => works })
    return
  }
  const redeem = () => visitor.expect('200 POST /oauth/token', codeForm(left))
  const tokens = await ledger.attempt('code for tokens', redeem, {
    kept:
      ({ access_token: token }) =>
      async () => {
        const { status } = await visitor.ask('GET', '/oauth/userinfo', { token })
        return status === 200 ? undefined : `userinfo: ${status}`
      },
    cut: enterAgain,
  })
  ledger.signedIn(decodeJwt(tokens.id_token).sub!)
  ledger.spent('code for tokens', async () =>
    (await redeems(left)) ? 'a spent code works' : undefined,
  )
}
