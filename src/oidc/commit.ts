import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
import { AppError } from '#lib/app-error.ts'
import type { ArtifactStore, ArtifactWrite } from '#storage/artifacts.ts'
import { isRefreshReplay, type RefreshGrace } from './refresh-grace.ts'
import { inUnit } from './unit-of-work.ts'

/**
 * Runs each request of the engine in a unit of work, and commits it before the answer leaves. An error at the token
 * endpoint has spent nothing and issued nothing; elsewhere an error page may come with something to keep, such as the
 * refusal of a device code. A failure of ours keeps nothing.
 */
export interface CommitParts {
  artifacts: ArtifactStore
  grace: RefreshGrace
}

type Middleware = (ctx: KoaContextWithOIDC, next: () => Promise<void>) => Promise<void>

export function commitBeforeAnswer(
  provider: Provider,
  { artifacts, grace }: CommitParts,
): Middleware {
  const isUnusable = (ctx: KoaContextWithOIDC): boolean =>
    ctx.status >= 500 || (ctx.oidc?.route === 'token' && ctx.status !== 200)

  return (ctx, next) =>
    inUnit(artifacts, async (unit) => {
      await next()
      if (isUnusable(ctx)) {
        unit.discard()
        if (isRefreshReplay(ctx)) await answerAgain(grace, ctx)
        return
      }
      if (ctx.oidc?.route === 'token') await grace.keep(ctx)
      const refused = await unit.commit()
      if (refused) await answerOvertaken(provider, { ctx, refused, grace })
    })
}

async function answerAgain(grace: RefreshGrace, ctx: KoaContextWithOIDC): Promise<boolean> {
  const answer = await grace.recall(ctx)
  if (answer === undefined) return false
  ctx.status = 200
  ctx.body = answer
  return true
}

/** Another request was faster, or the sign-in ended while this one was in flight: none of its writes count. */
async function answerOvertaken(
  provider: Provider,
  { ctx, refused, grace }: { ctx: KoaContextWithOIDC; refused: ArtifactWrite; grace: RefreshGrace },
): Promise<void> {
  if (ctx.oidc.route === 'token') {
    if (refused.model === 'RefreshToken' && (await answerAgain(grace, ctx))) return
    const error = new errors.InvalidGrant(`${refused.model} has been used before`)
    ctx.status = error.status
    ctx.body = { error: error.error, error_description: error.error_description }
    provider.emit('grant.error', ctx, error)
    return
  }
  // The cookies would be those of the session that has ended.
  ctx.remove('Set-Cookie')
  if (ctx.method !== 'GET') throw new AppError('session_expired')
  // Once more, with what is there now.
  ctx.redirect(ctx.originalUrl)
  ctx.status = 303
}
