import { calculateJwkThumbprint, decodeProtectedHeader } from 'jose'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Clock } from '#lib/clock.ts'
import type { Sealer } from '#lib/sealing.ts'
import type { ArtifactStore } from '#storage/artifacts.ts'
import { artifactKey } from './payload-codec.ts'
import { currentUnit } from './unit-of-work.ts'

/**
 * The grace of a spent refresh token. An answer that got lost on the way (a phone in a lift, two tabs at once, a server
 * that was killed) must not sign a person out: for a few seconds the same client, having passed every check of the engine,
 * gets the very same answer again. There is never a second chain, and after the grace reuse revokes the grant (RFC 9700
 * §4.14).
 *
 * The answer is kept sealed under the hash of the spent token, written in the transaction that spends it: a request
 * that finds the token spent finds the answer too. It goes when its grant does.
 */
export interface RefreshGrace {
  /** Keeps the answer of this request, with all that it writes, if it has spent a refresh token. */
  keep(ctx: KoaContextWithOIDC): Promise<void>
  /** The answer that was kept for the same request; undefined when there is none. */
  recall(ctx: KoaContextWithOIDC): Promise<unknown>
}

export interface RefreshGraceParts {
  artifacts: Pick<ArtifactStore, 'find'>
  sealer: Sealer
  now: Clock
  graceMs: number
}

const mark = 'refreshReplayed'

/** For the adapter: this request presented a token that was spent a moment ago. */
export const markRefreshReplay = (ctx: { state: Record<string, unknown> } | undefined): void => {
  if (ctx) ctx.state[mark] = true
}

export const isRefreshReplay = (ctx: KoaContextWithOIDC): boolean => ctx.state[mark] === true

/** What was asked with a refresh token, and the key of the proof; an answer is sealed for it and opens for nothing else. */
async function requestOf({ oidc: { params }, headers }: KoaContextWithOIDC): Promise<string> {
  const { dpop } = headers
  // The engine has verified the proof.
  const jwk = typeof dpop === 'string' ? decodeProtectedHeader(dpop).jwk : undefined
  const thumbprint = jwk && (await calculateJwkThumbprint(jwk))
  return JSON.stringify([
    params?.['refresh_token'],
    params?.['scope'],
    params?.['resource'],
    ...(thumbprint === undefined ? [] : [thumbprint]),
  ])
}

/** Beyond the grace, so that an answer is there for as long as its token counts as unspent. */
const marginMs = 1000

export function createRefreshGrace(parts: RefreshGraceParts): RefreshGrace {
  const { artifacts, sealer, now, graceMs } = parts
  return {
    async keep(ctx) {
      const spent = ctx.oidc.entities.RotatedRefreshToken
      if (!spent || graceMs === 0) return
      const { jti, grantId } = spent
      const payload = sealer.seal(JSON.stringify(ctx.body), await requestOf(ctx))
      const answer = { payload, grantId, expiresAt: now() + graceMs + marginMs }
      currentUnit()!.save('RefreshAnswer', artifactKey(jti), answer)
    },
    async recall(ctx) {
      if (graceMs === 0) return undefined
      const key = artifactKey(String(ctx.oidc.params?.['refresh_token']))
      const stored = await artifacts.find('RefreshAnswer', key)
      const text = stored && sealer.open(stored.payload, await requestOf(ctx))
      return text === undefined ? undefined : JSON.parse(text)
    },
  }
}
