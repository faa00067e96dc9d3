import { entryOf, type ErrorCode } from './error-catalogue.ts'

/**
 * An error that a caller may see. Everything else becomes `server_error` with a trace id and no detail.
 * The sentence for people is looked up by `code` in the locale files, under `errors.`.
 */
export class AppError extends Error {
  readonly code: ErrorCode
  /** HTTP status. */
  readonly status: number
  readonly headers: Record<string, string>
  /** What is wrong with the input, field by field. */
  readonly problems: readonly FieldProblem[] | undefined
  /** More members of the problem document (RFC 9457 §3.2), in wire spelling. */
  readonly members: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    super(code, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    const entry = entryOf(code)
    this.status = options.status ?? entry.status
    this.headers = { ...entry.headers, ...options.headers }
    this.problems = options.problems
    this.members = options.members ?? {}
  }
}

export interface AppErrorOptions {
  /** Where HTTP has a more exact one than the catalogue. */
  status?: number
  cause?: unknown
  headers?: Record<string, string>
  problems?: readonly FieldProblem[]
  members?: Readonly<Record<string, unknown>>
}

export interface FieldProblem {
  /** Where it is, such as `body.email`. */
  path: string
  message: string
}

/** For `catch`: undefined in place of a refusal with this code; every other error goes on. */
export const unless =
  (code: ErrorCode) =>
  (error: unknown): undefined => {
    if (!(error instanceof AppError && error.code === code)) throw error
  }

/** For a proof of who someone is that is not good: 401, with a challenge (RFC 9110 §11.6.1). */
export const unauthenticated = (code: ErrorCode, challenge = 'Bearer'): AppError =>
  new AppError(code, { status: 401, headers: { 'WWW-Authenticate': challenge } })

/** The answer when a queue is full or a backend is away: 503, and when to come again (seconds). */
export const busy = (retryAfter: number, cause?: unknown): AppError =>
  new AppError('busy', { cause, headers: { 'Retry-After': String(retryAfter) } })
