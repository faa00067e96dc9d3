import type { Middleware as KoaMiddleware, ParameterizedContext } from 'koa'
import type { Logger } from 'pino'
import type { Locale } from '#view/translate.ts'

/** What the plumbing knows of one request, kept in `ctx.state`. */
export interface RequestState {
  /** 32 hex digits, also in `X-Trace-Id` and in every log line. */
  traceId: string
  log: Logger
  /** The peer's address, as far as the trusted proxies vouch for it. */
  address: string
  /** Language of the page. */
  locale: Locale
  /** The route's template, where no router has matched it. */
  route?: string
  /** A route of the JSON API: it answers JSON, whatever the browser would like. */
  isApi?: boolean
  /** The language that the person has chosen here, if any. */
  localeChosen: Locale | undefined
}

export type AppContext = ParameterizedContext<RequestState>
export type Middleware = KoaMiddleware<RequestState>
