import { AppError, busy } from '#lib/app-error.ts'

/**
 * WeChat has refused a call. It says so with HTTP 200 and an `errcode`. Its `errmsg` carries the request's id and the
 * address the app's secret, so neither is kept: the code says all.
 */
export class WechatRefused extends Error {
  readonly errcode: number
  constructor(path: string, errcode: number) {
    super(`WeChat answered ${path} with errcode ${errcode}`)
    this.name = 'WechatRefused'
    this.errcode = errcode
  }
}

/** WeChat did not answer, or with something that is not an answer. */
export class WechatAway extends Error {
  /** Seconds after which to try again. */
  readonly retryAfter: number
  constructor(path: string, reason: string, retryAfter = 5) {
    super(`WeChat did not answer ${path}: ${reason}`)
    this.name = 'WechatAway'
    this.retryAfter = retryAfter
  }
}

/** The system of WeChat is busy; it asks to be called again. */
export const errcodeBusy = -1

/** The access token is not good, or no longer: 40001 (also: the secret is wrong), 40014, 42001. */
export const isTokenRefused = (error: unknown): boolean =>
  error instanceof WechatRefused && [40001, 40014, 42001].includes(error.errcode)

const codeInvalid = (cause: Error) => new AppError('wechat_code_invalid', { cause })
const tooMany = (cause: Error) =>
  new AppError('too_many_requests', { cause, headers: { 'Retry-After': '60' } })
const wrong = (path: string, message: string) => (cause: Error) =>
  new AppError('validation_failed', { cause, problems: [{ path, message }] })

/** What the caller can do something about, by errcode. */
const refusals: Record<number, (cause: Error) => AppError> = {
  [errcodeBusy]: (cause) => unavailable(cause, 5),
  40003: codeInvalid, // the phone code is another person's
  40029: codeInvalid,
  40163: codeInvalid, // used before
  41008: codeInvalid,
  40226: (cause) => new AppError('wechat_blocked', { cause }), // WeChat holds the person for dangerous
  45009: tooMany,
  45011: tooMany, // 100 a minute for one person
  40097: wrong('body', 'WeChat refuses these parameters'),
  40169: wrong('body.scene', 'WeChat refuses this scene'),
  41030: wrong('body.page', 'is not a published page of the mini program'),
}

/**
 * The failure as a caller may see it: theirs (4xx), WeChat's for the moment (503 with Retry-After), or ours, that is a
 * wrong app id or secret, an address that is not on WeChat's list, an API that the app may not use (502, logged).
 */
export function wechatProblem(error: unknown): unknown {
  if (error instanceof WechatAway) return unavailable(error, error.retryAfter)
  if (!(error instanceof WechatRefused)) return error
  return refusals[error.errcode]?.(error) ?? new AppError('wechat_refused', { cause: error })
}

function unavailable(cause: Error, retryAfter: number): AppError {
  const { headers } = busy(retryAfter)
  return new AppError('wechat_unavailable', { cause, headers })
}
