import { Router } from '@koa/router'
import { factsOf } from '#http/api.ts'
import type { AppContext, RequestState } from '#http/context.ts'
import { unless } from '#lib/app-error.ts'
import type { Recovery } from '#users/recovery.ts'
import type { PageProps } from '#view/pages.ts'
import { emailProblem, hideAddress, openDesk, statusOf, tokenOf } from './desk-pages.ts'
import { addVerifyEmail, type VerifyEmailPageParts } from './verify-email-pages.ts'

/**
 * `/forgot-password`, `/reset-password` and `/verify-email`: what a person does who cannot sign in, or whose address is
 * not confirmed. The last two are opened from a mail with `?token=`, and the last one without, to type the code. Only a
 * POST spends a token, because mail scanners follow links.
 *
 * For anyone. No answer tells whether someone has an address, neither by its words nor by its time. No interaction
 * stands behind these pages, so each binds its forms to a random cookie of its own, which another site cannot make the
 * browser send (SameSite=Strict).
 */
export interface RecoveryPagesParts extends VerifyEmailPageParts {
  recovery: Recovery
  passwordMinLength: number
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
      await recovery.forgotPassword(email, request)
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
      const outcome = await recovery.resetPassword(token, password).catch(unless('invalid_token'))
      if (!outcome) return show(ctx, { state: 'invalid' })
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

/** The links to the other language lead back to the form, so its address gets the token again that the POST has hidden. */
function keepToken(ctx: AppContext, path: string, token: string): void {
  ctx.originalUrl = `${path}?${new URLSearchParams({ token }).toString()}`
}
