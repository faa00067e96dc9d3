import type { Router } from '@koa/router'
import { factsOf } from '#http/api.ts'
import type { Audit } from '#http/audit.ts'
import type { AppContext, RequestState } from '#http/context.ts'
import type { ShowPage } from '#http/pages.ts'
import { unless } from '#lib/app-error.ts'
import type { User } from '#storage/users.ts'
import type { Recovery } from '#users/recovery.ts'
import type { PageProps } from '#view/pages.ts'
import { emailProblem, openDesk, statusOf, tokenOf, type DeskParts } from './desk-pages.ts'

/**
 * `/verify-email`: one button behind the link of a mail; without a link, fields for the address and the code. In a browser
 * that neither registered the account nor is signed in to it, the page says when the account was made, and offers to take
 * the address off it.
 */
export interface VerifyEmailPageParts extends DeskParts {
  recovery: Pick<Recovery, 'requestVerification' | 'verifyEmail' | 'whoseEmail' | 'disownEmail'>
  showPage: ShowPage
  /** The account that this browser has registered, or is signed in to. */
  holdersIn(ctx: AppContext): Promise<string[]>
  audit?: Audit
}

type Fields = Record<string, string>
type Given = Partial<PageProps['verify-email']>

export function addVerifyEmail(router: Router<RequestState>, parts: VerifyEmailPageParts): void {
  const { recovery, showPage } = parts
  const desk = openDesk('verify-email', parts)
  const show = (ctx: AppContext, given: Given): void => {
    showPage(ctx, 'verify-email', {
      action: desk.path,
      csrf: desk.token(ctx),
      token: '',
      values: { email: emailOf(ctx) },
      errors: {},
      state: 'code',
      ...given,
    })
    ctx.status = statusOf(given)
  }
  const confirmed = (ctx: AppContext, { id }: User): void => {
    parts.audit?.({ type: 'email.verified', actor: id, target: `user:${id}` }, factsOf(ctx))
    desk.turnTo(ctx, 'done')
  }
  const takeLink = async (ctx: AppContext, token: string): Promise<void> => {
    const holders = await parts.holdersIn(ctx)
    const user = await recovery.verifyEmail({ token }, holders).catch(unless('invalid_token'))
    return user ? confirmed(ctx, user) : show(ctx, { state: 'invalid' })
  }
  const disown = async (ctx: AppContext, token: string): Promise<void> => {
    const user = await recovery.disownEmail(token).catch(unless('invalid_token'))
    if (!user) return show(ctx, { state: 'invalid' })
    parts.audit?.({ type: 'email.disowned', target: `user:${user.id}` }, factsOf(ctx))
    return desk.turnTo(ctx, 'gone')
  }
  const showLink = async (ctx: AppContext, token: string): Promise<void> => {
    const user = await recovery.whoseEmail(token)
    if (!user) return show(ctx, { state: 'invalid' })
    const isElsewhere = !user.emailVerified && !(await parts.holdersIn(ctx)).includes(user.id)
    const { email = '' } = user
    const createdAt = new Date(user.createdAt).toISOString()
    const registered = isElsewhere ? { email, createdAt } : undefined
    return show(ctx, { state: 'confirm', token, registered })
  }
  const takeCode = async (ctx: AppContext, { email = '', code = '' }: Fields): Promise<void> => {
    const problem = emailProblem(email)
    const errors = {
      ...(problem && { email: problem }),
      ...(!code.trim() && { code: 'errors.mail_code_required' as const }),
    }
    if (Object.keys(errors).length > 0) return show(ctx, { values: { email }, errors })
    const holders = await parts.holdersIn(ctx)
    const user = await recovery.verifyEmail({ email, code }, holders).catch(unless('invalid_code'))
    if (user) return confirmed(ctx, user)
    show(ctx, { values: { email }, errors: { code: 'errors.invalid_code' } })
  }
  const sendAgain = async (ctx: AppContext, { email = '' }: Fields): Promise<void> => {
    const problem = emailProblem(email)
    if (problem) return show(ctx, { values: { email }, errors: { email: problem } })
    await recovery.requestVerification({ email }, factsOf(ctx))
    desk.turnTo(ctx, 'sent', { email })
  }

  router.get('/verify-email', (ctx) => {
    const token = tokenOf(ctx)
    if (token) return showLink(ctx, token)
    if (desk.arrivedAt(ctx, 'done')) return show(ctx, { state: 'done' })
    if (desk.arrivedAt(ctx, 'gone')) return show(ctx, { state: 'disowned' })
    return show(ctx, desk.arrivedAt(ctx, 'sent') ? { state: 'sent' } : {})
  })
  router.post(
    '/verify-email',
    desk.take((ctx, fields) => {
      const { token } = fields
      if (token !== undefined) return 'not_me' in fields ? disown(ctx, token) : takeLink(ctx, token)
      return 'send' in fields ? sendAgain(ctx, fields) : takeCode(ctx, fields)
    }),
  )
}

/** What was typed before the page turned. */
function emailOf(ctx: AppContext): string {
  const { email } = ctx.query
  return typeof email === 'string' ? email.slice(0, 254) : ''
}
