import type { Logger } from 'pino'
import { AppError, busy } from '#lib/app-error.ts'
import type { ErrorCode } from '#lib/error-catalogue.ts'
import { SignInsEnded, StorageUnavailable } from '#storage/errors.ts'
import type { AppContext, Middleware } from './context.ts'

/** What a page or a problem document says about an error; the sentences come from the locale files. */
export interface Problem {
  code: ErrorCode
  status: number
  traceId: string
}

export interface Sentences {
  title(problem: Problem, ctx: AppContext): string
  detail(problem: Problem, ctx: AppContext): string
}

/** Renders a problem as a page for people. */
export type ErrorPage = (ctx: AppContext, problem: Problem) => void

/**
 * The one place where a failure becomes an answer: a page for a browser, else `application/problem+json` (RFC 9457).
 * What is not an AppError is logged with its stack and answered with `server_error` and the trace id alone.
 */
export function errors(page: ErrorPage, sentences: Sentences): Middleware {
  return async (ctx, next) => {
    try {
      await next()
      if (ctx.status === 404 && (ctx.body === undefined || ctx.body === null))
        throw new AppError('not_found')
    } catch (thrown) {
      const error = toAppError(thrown)
      log(ctx, error, thrown)
      answer(ctx, error, { page, sentences })
    }
  }
}

function answer(
  ctx: AppContext,
  error: AppError,
  how: { page: ErrorPage; sentences: Sentences },
): void {
  const problem = { code: error.code, status: error.status, traceId: ctx.state.traceId }
  ctx.status = error.status
  ctx.set({ 'Cache-Control': 'no-store', ...error.headers })
  if (!ctx.state.isApi && ctx.accepts('json', 'html') === 'html') {
    how.page(ctx, problem)
    return
  }
  ctx.body = {
    type: 'about:blank',
    title: how.sentences.title(problem, ctx),
    status: error.status,
    detail: how.sentences.detail(problem, ctx),
    code: error.code,
    trace_id: problem.traceId,
    errors: error.problems,
    ...error.members,
  }
  ctx.type = 'application/problem+json'
}

function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  if (thrown instanceof StorageUnavailable) return busy(5, thrown)
  if (thrown instanceof SignInsEnded)
    return new AppError('unauthorized', {
      cause: thrown,
      headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
    })
  if (thrown instanceof URIError) return new AppError('invalid_request', { cause: thrown })
  const status = thrown instanceof Error && 'status' in thrown ? thrown.status : undefined
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new AppError(status === 404 ? 'not_found' : 'invalid_request', { status, cause: thrown })
  }
  return new AppError('server_error', { cause: thrown })
}

/** Errors of Node's HTTP parser, and of sockets whose client left or timed out. */
const causedBySender =
  /^(HPE_\w+|ECONNRESET|ECONNABORTED|EPIPE|ERR_HTTP_REQUEST_TIMEOUT|ERR_STREAM_PREMATURE_CLOSE)$/

/**
 * Logs failures that `errors` does not see. Clients can break connections as often as they like, so a broken one is a short
 * line at debug level.
 */
export function logUnanswered(log: Logger): (error: Error, ctx?: AppContext) => void {
  return (error, ctx) => {
    const { code = '' } = error as NodeJS.ErrnoException
    if (ctx?.req.socket.destroyed && causedBySender.test(code))
      log.debug({ code, trace_id: ctx.state.traceId }, 'connection broke')
    else log.error({ err: error }, 'connection failed')
  }
}

function log(ctx: AppContext, error: AppError, thrown: unknown): void {
  if (error.status >= 500) ctx.state.log.error({ err: thrown, code: error.code }, 'failed')
  else ctx.state.log.debug({ code: error.code }, 'refused')
}
