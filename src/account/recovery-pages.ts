import { Router } from '@koa/router'
import { factsOf, type RequestFacts } from '#http/api.ts'
import type { AppContext, Middleware, RequestState } from '#http/context.ts'
import type { Csrf } from '#http/csrf.ts'
import { formFields, parseForm } from '#http/form.ts'
import type { ShowPage } from '#http/pages.ts'
import { AppError } from '#lib/app-error.ts'
import { newSecret } from '#lib/ids.ts'
import type { Recovery } from '#users/recovery.ts'
import type { PageProps } from '#view/pages.ts'
import type { MessageKey } from '#view/translate.ts'

/**
 * `/forgot-password`, `/reset-password` and `/verify-email`: what a person does who cannot sign in, or whose address is
 * not confirmed. The last two are opened from a mail with `?token=`; only a POST spends the token, because mail scanners
 * follow links.
 *
 * For anyone. No answer tells whether somebody has an address, neither by its words nor by its time. No interaction
 * stands behind these pages, so each binds its forms to a random cookie of its own, which another site cannot make the
 * browser send (SameSite=Strict).
 */
export interface RecoveryPagesParts {
  recovery: Recovery
  csrf: Csrf
  /** Path prefix of the server: empty, or like `/id`. */
  basePath: string
  showPage: ShowPage
  passwordMinLength: number
  audit?(event: { type: string; actor?: string; target?: string }, request: RequestFacts): void
  /** Counts a POST against the limits of its address; rejects with 429 when it was one too many. */
  limit?(ctx: AppContext): Promise<void>
}

export function recoveryPages(parts: RecoveryPagesParts): Router<RequestState> {
  const router = new Router<RequestState>()
  router.use(['/reset-password', '/verify-email'], hideAddress)
  addForgotPassword(router, parts)
  addResetPassword(router, parts)
  addVerifyEmail(router, parts)
  return router
}

function addForgotPassword(router: Router<RequestState>, parts: RecoveryPagesParts): void {
  const { recovery, showPage, audit } = parts
  const desk = openDesk('forgot-password', parts)
  const show = (ctx: AppContext, given: Partial<PageProps['forgot-password']>): void => {
    showPage(ctx, 'forgot-password', {
      action: desk.path,
      csrf: desk.token(ctx),
      values: { email: '' },
      errors: {},
      state: 'ask',
      againHref: desk.path,
      ...given,
    })
    ctx.status = statusOf(given)
  }

  router.get('/forgot-password', (ctx) =>
    show(ctx, desk.arrivedAt(ctx, 'sent') ? { state: 'sent' } : {}),
  )
  router.post(
    '/forgot-password',
    desk.take(async (ctx, { email = '' }) => {
      const problem = emailProblem(email)
      if (problem) return show(ctx, { values: { email }, errors: { email: problem } })
      const request = factsOf(ctx)
      inBackground(recovery.forgotPassword(email, request.locale), request)
      audit?.({ type: 'password.reset_requested' }, request)
      return desk.turnTo(ctx, 'sent')
    }),
  )
}

function addResetPassword(router: Router<RequestState>, parts: RecoveryPagesParts): void {
  const { recovery, showPage, audit, basePath, passwordMinLength: minLength } = parts
  const desk = openDesk('reset-password', parts)
  const show = (ctx: AppContext, given: Partial<PageProps['reset-password']>): void => {
    const form = { action: desk.path, csrf: desk.token(ctx), token: '', minLength }
    const forgotHref = `${basePath}/forgot-password`
    showPage(ctx, 'reset-password', { ...form, forgotHref, errors: {}, state: 'ask', ...given })
    ctx.status = statusOf(given)
  }

  router.get('/reset-password', (ctx) => {
    const token = tokenOf(ctx)
    if (token) return show(ctx, { token })
    if (desk.arrivedAt(ctx, 'done')) return show(ctx, { state: 'done' })
    return show(ctx, { state: 'invalid' })
  })
  router.post(
    '/reset-password',
    desk.take(async (ctx, { token = '', password = '' }) => {
      const outcome = await recovery.resetPassword(token, password).catch(orInvalid)
      if (outcome === 'invalid') return show(ctx, { state: 'invalid' })
      if ('problem' in outcome) {
        const problem = password
          ? (`errors.${outcome.problem}` as const)
          : 'errors.password_required'
        keepToken(ctx, desk.path, token)
        return show(ctx, { token, errors: { password: problem } })
      }
      const { id } = outcome.user
      audit?.({ type: 'password.reset', actor: id, target: `user:${id}` }, factsOf(ctx))
      return desk.turnTo(ctx, 'done')
    }),
  )
}

function addVerifyEmail(router: Router<RequestState>, parts: RecoveryPagesParts): void {
  const { recovery, audit } = parts
  const desk = openDesk('verify-email', parts)
  const show = verifyEmailPage(desk, parts)
  const sendAgain = (ctx: AppContext, email: string): void => {
    const problem = emailProblem(email)
    if (problem) return show(ctx, { values: { email }, errors: { email: problem } })
    const request = factsOf(ctx)
    inBackground(recovery.requestVerification(email, request.locale), request)
    return desk.turnTo(ctx, 'sent')
  }

  router.get('/verify-email', (ctx) => {
    const token = tokenOf(ctx)
    if (token) return show(ctx, { state: 'confirm', token })
    if (desk.arrivedAt(ctx, 'done')) return show(ctx, { state: 'done' })
    return show(ctx, { state: desk.arrivedAt(ctx, 'sent') ? 'sent' : 'request' })
  })
  router.post(
    '/verify-email',
    desk.take(async (ctx, { token, email = '' }) => {
      if (token === undefined) return sendAgain(ctx, email)
      const user = await recovery.verifyEmail(token).catch(orInvalid)
      if (user === 'invalid') return show(ctx, { state: 'invalid' })
      audit?.({ type: 'email.verified', actor: user.id, target: `user:${user.id}` }, factsOf(ctx))
      return desk.turnTo(ctx, 'done')
    }),
  )
}

const verifyEmailPage =
  (desk: Desk, { showPage }: RecoveryPagesParts) =>
  (ctx: AppContext, given: Partial<PageProps['verify-email']>): void => {
    showPage(ctx, 'verify-email', {
      action: desk.path,
      csrf: desk.token(ctx),
      token: '',
      values: { email: '' },
      errors: {},
      state: 'request',
      againHref: desk.path,
      ...given,
    })
    ctx.status = statusOf(given)
  }

/** How one page's forms are made and taken. */
interface Desk {
  /** The page's complete path. */
  path: string
  /** The `csrf` of a form that is about to be shown; sets the cookie that it is bound to. */
  token(ctx: AppContext): string
  /** Handles a form: counted, parsed, and refused with 403 unless it began on this page in this browser. */
  take(
    handle: (ctx: AppContext, fields: Record<string, string>) => void | Promise<void>,
  ): Middleware
  /** Ends a POST, so that a reload shows what has happened instead of sending the form again. */
  turnTo(ctx: AppContext, state: State): void
  /** Whether `turnTo` has led here. A link from elsewhere comes without the cookie and cannot pretend it. */
  arrivedAt(ctx: AppContext, state: State): boolean
}

type State = 'sent' | 'done'

const cookie = 'yumen_form'

function openDesk(page: string, { basePath, csrf, limit }: RecoveryPagesParts): Desk {
  const path = `${basePath}/${page}`
  const kept = (ctx: AppContext): string | undefined => {
    const id = ctx.cookies.get(cookie, { signed: false })
    return id !== undefined && /^[\w-]{43}$/.test(id) ? id : undefined
  }
  const bindTo = (id: string): string => `${page}:${id}`
  const parse = parseForm()
  return {
    path,
    token(ctx) {
      const id = kept(ctx) ?? newSecret()
      ctx.cookies.set(cookie, id, { path, httpOnly: true, sameSite: 'strict', signed: false })
      return csrf.token(bindTo(id))
    },
    take: (handle) => async (ctx) => {
      await limit?.(ctx)
      await parse(ctx, async () => {
        const fields = formFields(ctx)
        const id = kept(ctx)
        csrf.check(ctx, bindTo(id ?? ''), id && fields['csrf'])
        await handle(ctx, fields)
      })
    },
    turnTo(ctx, state) {
      ctx.redirect(`${path}?${state}`)
      ctx.status = 303
    },
    arrivedAt: (ctx, state) => state in ctx.query && kept(ctx) !== undefined,
  }
}

/**
 * No request from these pages names their address, which holds the token, not even to ourselves. Not `no-referrer`:
 * browsers then post the form with `Origin: null`, and it would be refused as foreign.
 */
const hideAddress: Middleware = (ctx, next) => {
  ctx.set('Referrer-Policy', 'strict-origin')
  return next()
}

function tokenOf(ctx: AppContext): string {
  const { token } = ctx.query
  return typeof token === 'string' ? token : ''
}

/** Says only what can be seen from the text, never whether somebody has the address. */
function emailProblem(email: string): MessageKey | undefined {
  if (!email.trim()) return 'errors.email_required'
  const isAddress = email.length <= 254 && /^[^\s@]+@[^\s@]+$/.test(email.trim())
  return isAddress ? undefined : 'errors.email_invalid'
}

function orInvalid(error: unknown): 'invalid' {
  if (error instanceof AppError && error.code === 'invalid_token') return 'invalid'
  throw error
}

/** Of a page that is not simply what was asked for: a form that has to be corrected, a link that does not work. */
function statusOf({ errors, state }: { errors?: object; state?: string }): number {
  if (state === 'invalid') return 400
  return errors === undefined ? 200 : 422
}

/** The links to the other language lead back to the form, so its address gets the token again that the POST has hidden. */
function keepToken(ctx: AppContext, path: string, token: string): void {
  ctx.originalUrl = `${path}?${new URLSearchParams({ token }).toString()}`
}

/** The answer must not tell by its time whether somebody has the address. */
function inBackground(work: Promise<void>, { log }: RequestFacts): void {
  work.catch((error: unknown) => log.error({ err: error }, 'background work failed'))
}
