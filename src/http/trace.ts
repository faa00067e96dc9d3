import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import type { Middleware } from './context.ts'

/** 16 bytes in hexadecimal, not all of them zero (W3C Trace Context §3.2.2.3). */
const wellFormed = /^(?!0{32})[0-9a-f]{32}$/

/**
 * Gives every request a trace id: that of its span if requests are traced, else the caller's own (`X-Trace-Id`, or the trace of a W3C `traceparent`) when it is well
 * formed, else a new one. One line is logged for each answer; it names the path, never the query, which may carry codes.
 */
export function trace(log: Logger): Middleware {
  return async (ctx, next) => {
    const started = performance.now()
    const traceId = ctx.state.traceId ?? traceIdOf(ctx.get('x-trace-id'), ctx.get('traceparent'))
    ctx.state.traceId = traceId
    ctx.state.log = log.child({ trace_id: traceId })
    ctx.set('X-Trace-Id', traceId)
    await next()
    const line = {
      method: ctx.method,
      path: ctx.path.slice(0, 200),
      status: ctx.status,
      ms: Math.round((performance.now() - started) * 10) / 10,
      address: ctx.state.address,
    }
    ctx.state.log.info(line, 'request')
  }
}

function traceIdOf(own: string, traceparent: string): string {
  const candidates = [own, traceparent.split('-')[1] ?? '']
  return candidates.find((id) => wellFormed.test(id)) ?? randomUUID().replaceAll('-', '')
}
