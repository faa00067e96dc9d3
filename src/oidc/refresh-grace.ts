import { setTimeout as sleep } from 'node:timers/promises'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { AppError } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import type { Sealer } from '#lib/sealing.ts'
import type { ArtifactStore } from '#storage/artifacts.ts'
import { artifactKey } from './adapter.ts'

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

export function refreshGrace({ artifacts, sealer, now, graceMs }: RefreshGraceParts) {
  const keep = async (key: string, answer: unknown, grantId: string | undefined): Promise<void> => {
    const payload = sealer.seal(JSON.stringify(answer), key)
    await artifacts.put('RefreshAnswer', key, { payload, grantId, expiresAt: now() + graceMs })
  }

  /** The winner may still be writing its answer, here or in another process: wait for it, but not for long. */
  const recall = async (key: string): Promise<unknown> => {
    for (let pause = 10; pause < 1500; pause *= 2) {
      const stored = await artifacts.find('RefreshAnswer', key)
      const text = stored && sealer.open(stored.payload, key)
      if (text !== undefined) return JSON.parse(text)
      await sleep(pause)
    }
    throw new AppError('busy', 503, { headers: { 'Retry-After': '1' } })
  }

  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    await next()
    if (graceMs === 0 || ctx.oidc?.route !== 'token') return
    const spent = ctx.oidc.entities.RotatedRefreshToken
    if (ctx.status === 200 && spent) {
      await keep(artifactKey(spent.jti), ctx.body, spent.grantId)
    } else if (ctx.state[mark] === true) {
      const answer = await recall(artifactKey(String(ctx.oidc.params?.['refresh_token'])))
      ctx.status = 200
      ctx.body = answer
    }
  }
}
