import { Router } from '@koa/router'
import { z } from 'zod'
import { AppError } from '#lib/app-error.ts'
import type { ErrorCode } from '#lib/error-catalogue.ts'
import type { Locale } from '#view/translate.ts'
import { parse, readBody } from './api-input.ts'
import type { AppContext, RequestState } from './context.ts'

/**
 * The sidecar JSON API as data: a route says who may call it, what it takes and what it answers. The router, the OpenAPI
 * document and the tests are all made from the same table, so none of them can forget a route.
 */
export interface ApiRoute<Body = unknown, Query = unknown, Params = unknown, Answer = unknown> {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** With `:name` for parameters, such as `/users/api-keys/:id`. */
  path: string
  summary: string
  tag: string
  access: Access
  /** Requests of this route count against the limits for sign-in routes. */
  isLimited?: boolean
  body?: z.ZodType<Body>
  /** The body may also come as `application/x-www-form-urlencoded`. */
  acceptsForm?: boolean
  query?: z.ZodType<Query>
  params?: z.ZodType<Params>
  /** The success status and its body; a route without a body answers 204. */
  answer: { status: number; description: string; schema?: z.ZodType<Answer>; contentType?: string }
  /** The errors that this route adds to the usual ones; with a status where it is not the catalogue's. */
  problems?: readonly RouteProblem[]
  handle(call: ApiCall<Body, Query, Params>): Promise<Answer>
}

/** An error's code; after a status where the catalogue has another one. */
export type RouteProblem = ErrorCode | readonly [status: number, code: ErrorCode]

/**
 * Who may call: anyone; a user's token or key; a token or key with this scope (`asPerson`: one that acts for a person,
 * because the route is about the caller's own account); or a client with its credentials.
 */
export type Access = 'anyone' | 'user' | { scope: string; asPerson?: true } | 'client'

/** Anyone who brought a token or a key, or is signed in in the browser that asks for one of our pages. */
export interface Caller {
  /** Absent for a client that acts for itself. */
  userId?: string | undefined
  clientId?: string | undefined
  scopes: ReadonlySet<string>
  via: 'token' | 'api_key' | 'foreign_token' | 'client' | 'session'
  /** The sign-in epoch of a person who has signed in. Read before the credential was found to be good. */
  epoch?: number | undefined
  /** The grant of the token. */
  grantId?: string | undefined
  /** Key of the browser's session, when it is that which brought the caller. */
  sessionKey?: string | undefined
  /** When the person last proved who they are, in milliseconds; absent where the credential does not tell. */
  signedInAt?: number | undefined
}

/** What is known of the request, beside its content. */
export interface RequestFacts {
  address: string
  agent: string
  traceId: string
  locale: Locale
  log: RequestState['log']
}

export interface ApiCall<Body, Query, Params> {
  body: Body
  query: Query
  params: Params
  /** There unless the route is for anyone. */
  caller: Caller
  request: RequestFacts
  /** The credentials as they came: the token of `Authorization: Bearer`, or the key of `X-API-Key`. */
  credential: string | undefined
}

/** Resolves to the caller; undefined when the credential is not good. */
export type Identify = (credential: string, request: RequestFacts) => Promise<Caller | undefined>

/** Checks a client's id and secret. */
export type IdentifyClient = (id: string, secret: string) => Promise<Caller | undefined>

export interface ApiParts {
  identify: Identify
  identifyClient: IdentifyClient
  /** Counts the request of a limited route; throws 429 when it was one too many. Sets the `RateLimit-*` headers. */
  limit(ctx: AppContext): Promise<void>
}

/** An answer that is no JSON, such as a picture; `contentType` of the route says which kinds there are. */
export class Binary {
  readonly type: string
  readonly bytes: Buffer
  constructor(type: string, bytes: Buffer) {
    this.type = type
    this.bytes = bytes
  }
}

/** Types the route's handler from its schemas. */
export const route = <Body = undefined, Query = undefined, Params = undefined, Answer = unknown>(
  definition: ApiRoute<Body, Query, Params, Answer>,
): ApiRoute => definition

export function apiRoutes(table: readonly ApiRoute[], parts: ApiParts): Router<RequestState> {
  const router = new Router<RequestState>()
  for (const one of table) {
    router[one.method](one.path, async (ctx) => {
      ctx.state.isApi = true
      ctx.set('Cache-Control', 'no-store')
      if (one.isLimited) await parts.limit(ctx)
      const credential = credentialOf(ctx)
      const caller = await admit(ctx, one, { credential, parts })
      const result = await one.handle({
        body: one.body && parse(one.body, await readBody(ctx, one), 'body'),
        query: one.query && parse(one.query, ctx.query, 'query'),
        params: one.params && parse(one.params, ctx['params'], 'path'),
        caller: caller ?? nobody,
        request: factsOf(ctx),
        credential,
      })
      ctx.status = one.answer.status
      if (result === undefined) ctx.body = null
      else ctx.body = result instanceof Binary ? result.bytes : result
      if (result instanceof Binary) ctx.type = result.type
      else if (one.answer.contentType) ctx.type = one.answer.contentType
      if (result === undefined) ctx.status = one.answer.status
    })
  }
  return router
}

const nobody: Caller = { scopes: new Set(), via: 'token' }

async function admit(
  ctx: AppContext,
  { access }: ApiRoute,
  { credential, parts }: { credential: string | undefined; parts: ApiParts },
): Promise<Caller | undefined> {
  if (access === 'anyone') return undefined
  if (access === 'client') return admitClient(ctx, { credential, parts })
  const caller =
    credential === undefined ? undefined : await parts.identify(credential, factsOf(ctx))
  if (!caller) throw unauthorized(credential === undefined ? undefined : 'invalid_token')
  authorize(access, caller)
  return caller
}

/** Throws 403 when a caller of this kind, or with these scopes, is not meant. */
export function authorize(access: Access, caller: Caller): void {
  const asPerson = access === 'user' || (typeof access === 'object' && access.asPerson)
  if (asPerson && caller.userId === undefined) throw new AppError('forbidden')
  if (typeof access === 'object' && !caller.scopes.has(access.scope))
    throw insufficientScope(access.scope)
}

/** A resource server: its client id and secret by HTTP Basic, or an API key. */
async function admitClient(
  ctx: AppContext,
  { credential, parts }: { credential: string | undefined; parts: ApiParts },
): Promise<Caller> {
  const basic = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(ctx.get('authorization'))?.[1]
  const [id = '', secret = ''] = basic
    ? splitOnce(Buffer.from(basic, 'base64').toString(), ':')
    : []
  const caller = basic
    ? await parts.identifyClient(decode(id), decode(secret))
    : credential && (await parts.identify(credential, factsOf(ctx)))
  if (!caller || (!basic && caller.via !== 'api_key')) throw unauthorized('invalid_client')
  return caller
}

const splitOnce = (text: string, at: string): [string, string] => {
  const index = text.indexOf(at)
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)]
}

/** RFC 6749 §2.3.1: both halves are form-encoded. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

/** `Authorization: Bearer …`, or `X-API-Key`. Never a query parameter: those end up in logs. */
function credentialOf(ctx: AppContext): string | undefined {
  const bearer = /^Bearer ([\x21-\x7e]+)$/i.exec(ctx.get('authorization'))?.[1]
  return bearer ?? (ctx.get('x-api-key') || undefined)
}

/** RFC 6750 §3: no error code when no credential was brought. */
const unauthorized = (error: string | undefined): AppError =>
  new AppError('unauthorized', {
    headers: { 'WWW-Authenticate': error ? `Bearer error="${error}"` : 'Bearer' },
  })

const insufficientScope = (scope: string): AppError =>
  new AppError('insufficient_scope', {
    headers: { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${scope}"` },
  })

export const factsOf = (ctx: AppContext): RequestFacts => ({
  address: ctx.state.address,
  agent: ctx.get('user-agent').slice(0, 255),
  traceId: ctx.state.traceId,
  locale: ctx.state.locale,
  log: ctx.state.log,
})

/** Text that every database can keep: no NUL, no half of a surrogate pair. */
export const text = (max: number): z.ZodString =>
  z
    .string()
    .max(max)
    .refine((value) => !value.includes('\0') && value.isWellFormed(), {
      error: 'must be plain text',
    })
