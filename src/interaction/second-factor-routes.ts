import type { Router } from '@koa/router'
import { factsOf } from '#http/api.ts'
import type { AppContext, RequestState } from '#http/context.ts'
import type { ShowPage } from '#http/pages.ts'
import { currentUnit } from '#oidc/unit-of-work.ts'
import { rememberMs, type RememberedDevices } from '#factors/remembered-devices.ts'
import type { Interaction } from './interaction.ts'
import { createSecondFactorPages, type SecondFactorPagesParts } from './second-factor-pages.ts'
import {
  createSecondFactorStep,
  methodOf,
  type Retry,
  type SecondFactorStepParts,
} from './second-factor.ts'
import { expectPrompt, type Step, type Steps } from './steps.ts'

/**
 * `/interaction/:uid/second-factor`: the page and the answers of the second factor, and its enrolment. Only while the
 * engine waits for it, and for the person of the session alone. A wrong code costs an attacker one of five tries.
 */
export interface SecondFactorParts extends SecondFactorStepParts, SecondFactorPagesParts {
  rememberedDevices: Pick<RememberedDevices, 'remember'>
  /** The cookie of a browser that the account has remembered. */
  deviceCookie(accountId: string): string
  secureCookies: boolean
  showPage: ShowPage
}

type ShowDue = (ctx: AppContext, interaction: Interaction) => Promise<boolean>

/** Adds the routes. What comes back shows the page that is due, and resolves to false when no one is signed in any more. */
export function addSecondFactor(
  router: Router<RequestState>,
  steps: Steps,
  parts: SecondFactorParts,
): ShowDue {
  const { showPage } = parts
  const step = createSecondFactorStep(parts)
  const pages = createSecondFactorPages(steps.pages, parts)

  const showDue = async (
    ctx: AppContext,
    interaction: Interaction,
    retry: Partial<Retry> = { method: methodOf(ctx.query['method']) },
  ): Promise<boolean> => {
    const asked = await step.ask(interaction)
    if (!asked) return false
    if (asked.methods.length === 0)
      showPage(ctx, 'enrol-factor', await pages.enrolment(interaction, asked.user, retry))
    else showPage(ctx, 'second-factor', await pages.question(interaction, asked, retry))
    ctx.status = retry.status ?? 200
    return true
  }
  const submitAnswer: Step = async (ctx, interaction, fields) => {
    expectPrompt(interaction, 'second_factor')
    await steps.limit(ctx)
    const answered = await step.answer(interaction, fields)
    const method = methodOf(fields['method']) ?? 'totp'
    steps.record(ctx, interaction, {
      ...aboutOwner(interaction),
      type: 'result' in answered ? 'second_factor.succeeded' : 'second_factor.failed',
      details: { method },
    })
    if ('problem' in answered) {
      await showDue(ctx, interaction, answered)
      return
    }
    if (fields['remember'] === 'yes') await remember(ctx, interaction, parts)
    await steps.finish(ctx, answered.result, { merge: true })
  }
  const submitEnrolment: Step = async (ctx, interaction, fields) => {
    expectPrompt(interaction, 'second_factor')
    await steps.limit(ctx)
    const enrolled = await step.enrol(interaction, fields)
    if ('problem' in enrolled) {
      await showDue(ctx, interaction, enrolled)
      return
    }
    const { result, factorId, recoveryCodes } = enrolled
    steps.record(ctx, interaction, {
      ...aboutOwner(interaction),
      type: 'factor.added',
      target: `factor:${factorId}`,
      details: { kind: 'totp' },
    })
    const continueHref = await steps.save(ctx, result, { merge: true })
    showPage(ctx, 'recovery-codes', { codes: recoveryCodes, continueHref })
  }

  // Where the links to the other language lead after a wrong answer.
  const showAgain = steps.show(async (ctx, interaction) => {
    expectPrompt(interaction, 'second_factor')
    await showDue(ctx, interaction)
  })
  router.get('/second-factor', showAgain)
  router.get('/second-factor/enrol', showAgain)
  router.post('/second-factor', steps.submit(submitAnswer))
  router.post('/second-factor/enrol', steps.submit(submitEnrolment))
  return showDue
}

const aboutOwner = ({ session }: Interaction) => ({
  actor: session!.accountId,
  target: `user:${session!.accountId}`,
})

/** This browser is not asked again for a while, unless an application wants the second factor by name. */
async function remember(
  ctx: AppContext,
  { session, prompt }: Interaction,
  parts: SecondFactorParts,
): Promise<void> {
  if (prompt.details['explicit'] === true) return
  const { address, agent } = factsOf(ctx)
  const { accountId } = session!
  const who = { userId: accountId, epoch: currentUnit()?.epochOf(accountId) }
  const cookie = await parts.rememberedDevices.remember(who, { address, agent })
  ctx.cookies.set(parts.deviceCookie(accountId), cookie, {
    httpOnly: true,
    sameSite: 'lax',
    secure: parts.secureCookies,
    signed: true,
    maxAge: rememberMs,
  })
}
