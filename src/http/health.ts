import { Router } from '@koa/router'
import { within } from '#lib/within.ts'
import type { Storage } from '#storage/storage.ts'
import type { RequestState } from './context.ts'

export interface HealthParts {
  version: string
  check: Storage['check']
  pendingMigrations: Storage['pendingMigrations']
  /** Whether signing keys are loaded. */
  hasKeys(): boolean
  /** Whether the process is on its way out and wants no more requests. */
  isDraining(): boolean
}

/**
 * `GET /health` (summary), `/health/live` (the process answers), `/health/ready` (send requests here; 503 when not: `parts`
 * has a yes or no for each thing that it takes, and `reasons` one word of ours for each no). For anyone; names no host, no
 * version of a dependency, and no message of one.
 */
export function healthRoutes(parts: HealthParts): Router<RequestState> {
  const router = new Router<RequestState>({ prefix: '/health' })
  router.get('/live', (ctx) => {
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { status: 'ok' }
  })
  router.get(['/', '/ready'], async (ctx) => {
    const states = Object.entries(await readiness(parts))
    const reasons = states.filter(([, state]) => state !== 'ok')
    const ready = reasons.length === 0
    ctx.set('Cache-Control', 'no-store')
    ctx.status = ready ? 200 : 503
    ctx.body = {
      status: ready ? 'ok' : 'unavailable',
      version: parts.version,
      parts: Object.fromEntries(states.map(([name, state]) => [name, state === 'ok'])),
      ...(!ready && { reasons: Object.fromEntries(reasons) }),
    }
  })
  return router
}

const patienceMs = 3000

async function readiness(parts: HealthParts): Promise<Record<string, string>> {
  const backends = await parts.check()
  return {
    accepting: parts.isDraining() ? 'stopping' : 'ok',
    ...backends,
    keys: parts.hasKeys() ? 'ok' : 'missing',
    migrations: backends.database === 'ok' ? await migrationsOf(parts) : 'unknown',
  }
}

async function migrationsOf({ pendingMigrations }: HealthParts): Promise<string> {
  try {
    return (await within(patienceMs, pendingMigrations)).length === 0 ? 'ok' : 'pending'
  } catch {
    return 'unknown'
  }
}
