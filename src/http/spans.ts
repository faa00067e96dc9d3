import { inSpan, type Tracing } from '#lib/tracing.ts'
import type { Middleware } from './context.ts'
import { methodOf, noRoute, routeOf } from './metrics.ts'

/** A span for every request, named by the template of its route. The outermost middleware. */
export function spans(tracing: Tracing): Middleware {
  return (ctx, next) => {
    const method = methodOf(ctx)
    const span = tracing.begin(method, {
      traceparent: ctx.get('traceparent'),
      tracestate: ctx.get('tracestate'),
    })
    ctx.state.traceId = span.traceId
    return inSpan(span, async () => {
      await next()
      const route = routeOf(ctx)
      span.set({ 'http.request.method': method, 'http.response.status_code': ctx.status })
      if (route !== noRoute) {
        span.rename(`${method} ${route}`)
        span.set({ 'http.route': route })
      }
      if (ctx.status >= 500) span.fail(String(ctx.status))
    })
  }
}
