import { Router } from '@koa/router'
import { collectDefaultMetrics, type Registry } from 'prom-client'
import { AppError } from '#lib/app-error.ts'
import { equalSecrets } from '#lib/hashing.ts'
import type { RequestState } from './context.ts'

export interface MetricsRouteParts {
  registry: Registry
  /** For no one, for everyone, or for anyone who brings the token. */
  access: 'off' | 'open' | { token: string }
}

/**
 * `GET /metrics`, as Prometheus reads it. It names routes and counts, no person and no client; an answer costs one
 * statement to the database.
 */
export function metricsRoutes({ registry, access }: MetricsRouteParts): Router<RequestState> {
  const router = new Router<RequestState>()
  if (access === 'off') return router
  let watchesProcess = false

  router.get('/metrics', async (ctx) => {
    ctx.state.isApi = true
    ctx.set('Cache-Control', 'no-store')
    if (access !== 'open' && !isBearer(ctx.get('authorization'), access.token))
      throw new AppError('unauthorized', { headers: { 'WWW-Authenticate': 'Bearer' } })
    // From the first look on: the delay of the event loop is watched by a timer, which no one needs before.
    if (!watchesProcess) collectDefaultMetrics({ register: registry })
    watchesProcess = true
    ctx.body = await registry.metrics()
    ctx.set('Content-Type', registry.contentType)
  })
  return router
}

const isBearer = (authorization: string, token: string): boolean =>
  equalSecrets(/^Bearer (\S+)$/i.exec(authorization)?.[1] ?? '', token)
