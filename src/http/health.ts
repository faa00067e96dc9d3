import { Router } from '@koa/router'
import type { RequestState } from './context.ts'

export interface HealthParts {
  version: string
  /** Reachability of the backends. */
  check(): Promise<{ database: boolean; redis?: boolean }>
  pendingMigrations(): Promise<string[]>
  /** Whether signing keys are loaded. */
  hasKeys(): boolean
  /** Whether the process is on its way out and wants no more requests. */
  isDraining(): boolean
}

/**
 * `GET /health` (summary), `/health/live` (the process answers), `/health/ready` (send requests here: database, Redis,
 * keys, migrations; 503 when not, and the parts say which half is down). For anyone; names no host and no version of
 * a dependency.
 */
export function healthRoutes(parts: HealthParts): Router<RequestState> {
  const router = new Router<RequestState>({ prefix: '/health' })
  router.get('/live', (ctx) => {
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { status: 'ok' }
  })
  router.get(['/', '/ready'], async (ctx) => {
    const report = await readiness(parts)
    const ready = Object.values(report).every(Boolean)
    ctx.set('Cache-Control', 'no-store')
    ctx.status = ready ? 200 : 503
    ctx.body = { status: ready ? 'ok' : 'unavailable', version: parts.version, parts: report }
  })
  return router
}

async function readiness(parts: HealthParts): Promise<Record<string, boolean>> {
  const backends = await parts.check()
  return {
    accepting: !parts.isDraining(),
    database: backends.database,
    ...(backends.redis === undefined ? {} : { redis: backends.redis }),
    keys: parts.hasKeys(),
    migrations: backends.database && (await parts.pendingMigrations()).length === 0,
  }
}
