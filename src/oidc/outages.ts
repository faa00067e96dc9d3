import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { AppError } from '#lib/app-error.ts'
import { StorageUnavailable } from '#storage/errors.ts'

/**
 * The engine answers whatever fails with 500. That the database or Redis is away, or someone else whom we need, passes,
 * and is told here as it is everywhere else: 503 with Retry-After. An error that goes back to the client by a redirect
 * stays as it is.
 */
export function tellOutages(provider: Provider) {
  const outages = new WeakMap<object, StorageUnavailable | AppError>()
  provider.on('server_error', (ctx, error) => {
    if (error instanceof StorageUnavailable || error instanceof AppError) outages.set(ctx, error)
  })
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    await next()
    const outage = outages.get(ctx)
    if (outage && ctx.status >= 500) throw outage
  }
}
