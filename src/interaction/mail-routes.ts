import type { Router } from '@koa/router'
import type { MailSignIn, MailSignInMode, Shown } from '#factors/mail-sign-in.ts'
import { factsOf } from '#http/api.ts'
import type { AppContext, RequestState } from '#http/context.ts'
import type { ShowPage } from '#http/pages.ts'
import { AppError } from '#lib/app-error.ts'
import type { Admit } from '#users/admit.ts'
import { isEmail } from '#users/name-rules.ts'
import type { PageProps } from '#view/pages.ts'
import type { MessageKey } from '#view/translate.ts'
import type { Interaction } from './interaction.ts'
import type { Step, Steps } from './steps.ts'

/**
 * `/interaction/:uid/mail`: sign-in by a code or a link that is mailed, where `SIGN_IN_WITH_EMAIL` allows it. The mail is of
 * use in the browser that asked and nowhere else: its link opened elsewhere finds no interaction and says so. Nothing here
 * tells whether someone has an address. A link shows a button first, because mail scanners follow links.
 */
export interface MailStepParts {
  mailSignIn: MailSignIn
  mailMode: MailSignInMode
  admit: Admit
  showPage: ShowPage
}

export function addMail(router: Router<RequestState>, steps: Steps, parts: MailStepParts): void {
  const show = mailPage(steps, parts)
  const submitAddress: Step = async (ctx, interaction, { email = '' }) => {
    await steps.limit(ctx)
    if (!isEmail(email.trim())) {
      const problem = email.trim() ? 'errors.email_invalid' : 'errors.email_required'
      return show(ctx, interaction, { values: { email }, errors: { email: problem } })
    }
    await parts.mailSignIn.begin(interaction.uid, email.trim(), factsOf(ctx).locale)
    ctx.redirect(`${(await steps.pages.frame(interaction)).at}/mail/code`)
    ctx.status = 303
  }
  const finish = async (
    ctx: AppContext,
    interaction: Interaction,
    shown: Shown,
  ): Promise<boolean> => {
    await steps.limit(ctx)
    const proof = await parts.mailSignIn.finish(interaction.uid, shown)
    const user = proof && (await parts.admit(proof))
    if (user) await steps.enter(ctx, interaction, { user, amr: ['otp'] })
    else steps.record(ctx, interaction, { type: 'login.failed', details: { method: 'mail' } })
    return user !== undefined
  }
  const submitCode: Step = async (ctx, interaction, { code = '' }) => {
    const problem: MessageKey = code.trim() ? 'errors.mail_code_wrong' : 'errors.mail_code_required'
    if (code.trim() && (await finish(ctx, interaction, { code }))) return
    await show(ctx, interaction, { state: 'sent', errors: { code: problem } })
  }
  const submitLink: Step = async (ctx, interaction, { token = '' }) => {
    if (await finish(ctx, interaction, { token })) return
    await show(ctx, interaction, { errors: { form: 'errors.mail_link_wrong' } })
  }

  if (parts.mailMode === 'off') return
  router.get(
    '/mail',
    steps.show((ctx, interaction) => {
      const { token } = ctx.query
      return typeof token === 'string'
        ? show(ctx, interaction, { state: 'confirm', token })
        : show(ctx, interaction, {})
    }, 'link_elsewhere'),
  )
  // Where the links to the other language lead after a form was sent.
  router.get(
    '/mail/code',
    steps.show((ctx, interaction) => show(ctx, interaction, { state: 'sent' })),
  )
  router.get(
    '/mail/link',
    steps.show((ctx, interaction) => show(ctx, interaction, {})),
  )
  router.post('/mail', steps.submit(submitAddress))
  if (parts.mailMode !== 'link') router.post('/mail/code', steps.submit(submitCode))
  if (parts.mailMode !== 'code') router.post('/mail/link', steps.submit(submitLink))
}

const mailPage =
  (steps: Steps, { showPage, mailMode }: MailStepParts) =>
  async (
    ctx: AppContext,
    interaction: Interaction,
    given: Partial<PageProps['mail-sign-in']>,
  ): Promise<void> => {
    if (mailMode === 'off') throw new AppError('not_found')
    const { at, form, client } = await steps.pages.frame(interaction)
    const { state = 'ask' } = given
    const actions = { ask: `${at}/mail`, sent: `${at}/mail/code`, confirm: `${at}/mail/link` }
    showPage(ctx, 'mail-sign-in', {
      ...form,
      action: actions[state],
      client,
      state,
      mode: mailMode,
      values: { email: '' },
      errors: {},
      token: '',
      againHref: `${at}/mail`,
      loginHref: `${at}/login`,
      ...given,
    })
    ctx.status = given.errors ? 422 : 200
  }
