import { Router } from '@koa/router'
import { AppError } from '#lib/app-error.ts'
import type { Shell } from '#view/page-parts.ts'
import type { PageName, PageProps } from '#view/pages.ts'
import type { Locale } from '#view/translate.ts'
import { factsOf, type RequestFacts } from './api.ts'
import type { ApiClient } from './api-client.ts'
import type { AppContext, RequestState } from './context.ts'
import type { Csrf } from './csrf.ts'
import { formFields, parseForm } from './form.ts'
import { preferLocales } from './locale.ts'
import type { ShowPage } from './pages.ts'

/**
 * Pages for a person who is signed in (`/account`, `/console`), as data: a route says who may open it and how fresh their
 * sign-in must be. The checks are here and not in the pages, so no page can forget one, and the tests walk over the same
 * table. What a page shows and does, it asks the JSON API for.
 */
export interface PageRoute {
  method: 'get' | 'post'
  /** With `:name` for parameters, such as `/console/users/:id`. */
  path: string
  /** Everyone who is signed in, who has any scope of an administrator, or who has this scope of our own API. */
  access: 'user' | 'administrator' | { scope: string }
  /** Seconds; an older sign-in is asked for again. Absent: any will do. */
  maxAge?: number
  handle(call: PageCall): Promise<PageAnswer>
}

export interface PageCall {
  params: Record<string, string>
  query: Record<string, string>
  /** Of a POST. */
  fields: Record<string, string>
  person: SignedInPerson
  /** In which the answer is written. */
  locale: Locale
  api: ApiClient
  request: RequestFacts
}

/** Who is signed in in this browser, and what they may do now. */
export interface SignedInPerson {
  userId: string
  /** The sign-in epoch of the session. */
  epoch: number
  account: Shell['account']
  /** What they have chosen in their account; undefined when they have not. */
  locale: string | undefined
  scopes: ReadonlySet<string>
  /** Of the engine's session: its uid, the key of its record, when and how the person proved who they are. */
  session: {
    uid: string
    key: string
    signedInAt: number
    amr: readonly string[]
    acr: string | undefined
  }
  /** What they can do by the JSON API. */
  api(request: RequestFacts): ApiClient
}

export type PageAnswer =
  | { [P in PageName]: { page: P; props: PropsOf<P> } }[PageName]
  /** Where to go, below the prefix of the server. */
  | { to: string }
  /** A file for the browser to keep, named `file`, that holds this as JSON. */
  | { file: string; json: unknown }

type PropsOf<P extends PageName> = Omit<PageProps[P], 'languageHrefs' | keyof Shell>

export interface PageRoutesParts {
  /** Path prefix of the server: empty, or like `/id`. */
  basePath: string
  csrf: Csrf
  showPage: ShowPage
  /** Undefined when no one is, or their account is banned or gone. */
  readPerson(ctx: AppContext): Promise<SignedInPerson | undefined>
  /** Where a browser is sent to sign in and from where it comes back to `path`. */
  signInUrl(path: string, options: { maxAge: number | undefined }): string
  now(): number
}

export function pageRoutes(
  table: readonly PageRoute[],
  parts: PageRoutesParts,
): Router<RequestState> {
  const router = new Router<RequestState>()
  const parse = parseForm()
  for (const route of table) {
    router[route.method](route.path, async (ctx) => {
      const person = await parts.readPerson(ctx)
      if (!person || !isFresh(person, route, parts.now())) return askToSignIn(ctx, route, parts)
      if (!mayOpen(person, route)) throw new AppError('forbidden')
      preferLocales(ctx, person.locale)
      const binding = csrfBindingOf(person)
      let fields: Record<string, string> = {}
      if (route.method === 'post') {
        await parse(ctx, async () => {})
        fields = formFields(ctx)
        parts.csrf.check(ctx, binding, fields['csrf'])
      }
      const request = factsOf(ctx)
      const answer = await route.handle({
        params: (ctx as unknown as { params: Record<string, string> }).params,
        query: queryOf(ctx),
        fields,
        person,
        locale: ctx.state.locale,
        api: person.api(request),
        request,
      })
      return show(ctx, answer, { parts, person, csrf: parts.csrf.token(binding) })
    })
  }
  return router
}

/** What the token of a person's forms is bound to: this sign-in of theirs. */
export const csrfBindingOf = ({ session, userId }: SignedInPerson): string =>
  `${session.uid}:${userId}`

const isFresh = ({ session }: SignedInPerson, { maxAge }: PageRoute, now: number): boolean =>
  maxAge === undefined || now - session.signedInAt < maxAge * 1000

const mayOpen = ({ scopes }: SignedInPerson, { access }: PageRoute): boolean => {
  if (access === 'user') return true
  return access === 'administrator' ? mayAdminister(scopes) : scopes.has(access.scope)
}

const mayAdminister = (scopes: ReadonlySet<string>): boolean =>
  [...scopes].some((scope) => scope.startsWith('admin:'))

/** A form that is sent too late leads to the sign-in, and then to the page that it was on; what was typed is gone. */
function askToSignIn(ctx: AppContext, { method, maxAge }: PageRoute, parts: PageRoutesParts): void {
  const path = method === 'get' ? ctx.originalUrl : ownPath(ctx.get('referer'), parts.basePath)
  if (ctx.accepts('json', 'html') !== 'html') throw new AppError('unauthorized')
  ctx.status = 303
  ctx.redirect(parts.signInUrl(path, { maxAge }))
}

const ownPath = (referer: string, basePath: string): string =>
  URL.canParse(referer) ? new URL(referer).pathname : `${basePath}/account`

function show(
  ctx: AppContext,
  answer: PageAnswer,
  { parts, person, csrf }: { parts: PageRoutesParts; person: SignedInPerson; csrf: string },
): void {
  if ('to' in answer) {
    ctx.status = 303
    ctx.redirect(parts.basePath + answer.to)
    return
  }
  if ('file' in answer) {
    ctx.attachment(answer.file)
    ctx.set('Cache-Control', 'no-store')
    ctx.type = 'json'
    ctx.body = JSON.stringify(answer.json, undefined, 2)
    return
  }
  const shell: Shell = {
    csrf,
    account: person.account,
    mayAdminister: mayAdminister(person.scopes),
    scopes: person.scopes,
    done: queryOf(ctx)['done'],
  }
  parts.showPage(ctx, answer.page, { ...answer.props, ...shell })
  ctx.status = hasErrors(answer.props) ? 422 : 200
}

/** A form that was refused. */
const hasErrors = (props: object): boolean =>
  'errors' in props && Object.keys(props.errors ?? {}).length > 0

const queryOf = (ctx: AppContext): Record<string, string> =>
  Object.fromEntries(
    Object.entries(ctx.query).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value]] : [],
    ),
  )
