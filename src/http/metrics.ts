import { Counter, Histogram, Registry, type MetricValueWithName } from 'prom-client'
import type { AppContext, Middleware } from './context.ts'
import { gauges, type GaugeParts } from './gauges.ts'

/**
 * What this server measures of itself, in a registry of its own: several servers may run in one process. Labels come
 * from small sets of ours, never from what a caller wrote: a route is its template, a method one of the known ones.
 */
export interface Metrics {
  registry: Registry
  /** Measures every request; the outermost middleware. */
  measure: Middleware
  countLogin(outcome: 'succeeded' | 'failed'): void
  countToken(grantType: string): void
  /** The routes that were called, the slowest first. */
  operations(): Promise<RouteLatency[]>
}

export interface RouteLatency {
  method: string
  route: string
  count: number
  /** Milliseconds, interpolated within the histogram's buckets. */
  p50: number
  p95: number
  p99: number
}

const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

export function createMetrics(parts: GaugeParts): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'How long answers took, by method, route and class of status.',
    labelNames: ['method', 'route', 'status'],
    buckets,
    registers,
  })
  const logins = new Counter({
    name: 'yumen_logins_total',
    help: 'Sign-ins, by outcome.',
    labelNames: ['outcome'],
    registers,
  })
  const tokens = new Counter({
    name: 'yumen_tokens_issued_total',
    help: 'Answers with an access token, by grant type.',
    labelNames: ['grant_type'],
    registers,
  })
  for (const gauge of gauges(parts)) registry.registerMetric(gauge)

  return {
    registry,
    async measure(ctx, next) {
      const started = performance.now()
      await next()
      const method = methodOf(ctx)
      const status = `${Math.floor(ctx.status / 100)}xx`
      const seconds = (performance.now() - started) / 1000
      requests.observe({ method, route: routeOf(ctx), status }, seconds)
    },
    countLogin: (outcome) => logins.inc({ outcome }),
    countToken: (grantType) => tokens.inc({ grant_type: grantType }),
    operations: async () => latencies((await requests.get()).values),
  }
}

/** One of the methods that are known, or `other`. */
export const methodOf = ({ method }: AppContext): string => (methods.has(method) ? method : 'other')

export const noRoute = 'none'

/** The template that our routers and the engine's have matched; what matches none is one label. */
export function routeOf(ctx: AppContext): string {
  const matched: unknown = ctx.state.route ?? Reflect.get(ctx, '_matchedRoute')
  return typeof matched === 'string' ? matched : noRoute
}

type Labels = Partial<Record<'method' | 'route' | 'status' | 'le', string | number>>

function latencies(values: readonly MetricValueWithName<keyof Labels>[]): RouteLatency[] {
  const byRoute = new Map<string, { method: string; route: string; upTo: Map<number, number> }>()
  for (const { labels, value } of values) {
    const { method, route, le } = labels
    // The sums and counts have no bound.
    if (le === undefined) continue
    const key = `${method} ${route}`
    const one = byRoute.get(key) ?? { method: `${method}`, route: `${route}`, upTo: new Map() }
    const bound = le === '+Inf' ? Infinity : Number(le)
    one.upTo.set(bound, (one.upTo.get(bound) ?? 0) + value)
    byRoute.set(key, one)
  }
  return [...byRoute.values()]
    .map(({ method, route, upTo }) => {
      const steps = [...upTo].toSorted(([a], [b]) => a - b)
      const at = (share: number): number => quantile(steps, share)
      const count = steps.at(-1)?.[1] ?? 0
      return { method, route, count, p50: at(0.5), p95: at(0.95), p99: at(0.99) }
    })
    .toSorted((a, b) => b.p95 - a.p95)
}

/** As Prometheus' histogram_quantile does it, in milliseconds; what took longer than the last bound counts as that. */
function quantile(steps: readonly (readonly [bound: number, count: number])[], share: number) {
  const rank = share * (steps.at(-1)?.[1] ?? 0)
  let [below, before] = [0, 0]
  for (const [bound, count] of steps) {
    if (count >= rank && count > before) {
      const seconds =
        bound === Infinity ? below : below + ((bound - below) * (rank - before)) / (count - before)
      return Math.round(seconds * 10_000) / 10
    }
    ;[below, before] = [bound, count]
  }
  return 0
}
