import { setTimeout as sleep } from 'node:timers/promises'
import type { KoaContextWithOIDC, RefreshToken } from 'oidc-provider'
import { AppError } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import type { Sealer } from '#lib/sealing.ts'
import type { ArtifactStore } from '#storage/artifacts.ts'
import { artifactKey } from './payload-codec.ts'

/**
 * The grace of a spent refresh token. An answer that got lost on the way (a phone in a lift, two tabs at once) must
 * not sign a person out: for a few seconds the same client, having passed every check of the engine, gets the very
 * same answer again. There is never a second chain, and after the grace reuse revokes the grant (RFC 9700 §4.14).
 *
 * The answer is kept sealed under the hash of the spent token, and goes when its grant does.
 */
export interface RefreshGraceParts {
  artifacts: ArtifactStore
  sealer: Sealer
  now: Clock
  graceMs: number
}

const mark = 'refreshReplayed'

/** For the adapter: this request presented a token that was spent a moment ago. */
export const markRefreshReplay = (ctx: { state: Record<string, unknown> } | undefined): void => {
  if (ctx) ctx.state[mark] = true
}

/** What was asked with a refresh token; an answer is sealed for it and opens for nothing else. */
const requestOf = ({ oidc: { params } }: KoaContextWithOIDC): string =>
  JSON.stringify([params?.['refresh_token'], params?.['scope'], params?.['resource']])

export function refreshGrace({ artifacts, sealer, now, graceMs }: RefreshGraceParts) {
  const keep = async (ctx: KoaContextWithOIDC, { jti, grantId }: RefreshToken): Promise<void> => {
    const payload = sealer.seal(JSON.stringify(ctx.body), requestOf(ctx))
    const answer = { payload, grantId, expiresAt: now() + graceMs }
    await artifacts.put('RefreshAnswer', artifactKey(jti), answer)
  }

  /**
   * The winner may still be writing its answer, here or in another process: wait for it, but not for long. Undefined
   * when the winner has asked for something else: a token for one resource must not be taken to another.
   */
  const recall = async (ctx: KoaContextWithOIDC): Promise<unknown> => {
    const key = artifactKey(String(ctx.oidc.params?.['refresh_token']))
    for (let pause = 10; pause < 1500; pause *= 2) {
      const stored = await artifacts.find('RefreshAnswer', key)
      const text = stored && sealer.open(stored.payload, requestOf(ctx))
      if (stored) return text && JSON.parse(text)
      await sleep(pause)
    }
    throw new AppError('busy', 503, { headers: { 'Retry-After': '1' } })
  }

  /**
   * The engine spends the token before it knows that it can answer (Redis may be away, the resource be a wrong one).
   * Nobody got anything for it then, and the next try must not look like theft.
   */
  const giveBack = async (key: string): Promise<void> => {
    const stored = await artifacts.find('RefreshToken', key)
    if (!stored) return
    await artifacts.remove('RefreshToken', key)
    await artifacts.put('RefreshToken', key, stored)
  }

  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    await next()
    if (ctx.oidc?.route !== 'token') return
    const spent = ctx.oidc.entities.RotatedRefreshToken
    if (spent && ctx.status !== 200) {
      await giveBack(artifactKey(spent.jti))
    } else if (spent && graceMs > 0) {
      await keep(ctx, spent)
    } else if (ctx.state[mark] === true) {
      const answer = await recall(ctx)
      if (answer === undefined) return
      ctx.status = 200
      ctx.body = answer
    }
  }
}
