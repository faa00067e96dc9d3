import { Router } from '@koa/router'
import { factsOf, type RequestFacts } from '#http/api.ts'
import type { AuditNote } from '#http/audit.ts'
import type { AppContext, RequestState } from '#http/context.ts'
import { formFields, parseForm } from '#http/form.ts'
import type { ShowPage } from '#http/pages.ts'
import type { RegisteredHere } from '#http/registered-here.ts'
import { AppError } from '#lib/app-error.ts'
import { newId } from '#lib/ids.ts'
import { committed, Overtaken } from '#oidc/unit-of-work.ts'
import type { ArtifactStore } from '#storage/artifacts.ts'
import type { Authenticate } from '#users/authenticate.ts'
import type { Onboarding } from '#users/onboarding.ts'
import type { Register } from '#users/register.ts'
import { allow } from './consent.ts'
import type { FederatedParts } from './federated-parts.ts'
import { federatedSteps } from './federated-routes.ts'
import type { Interaction } from './interaction.ts'
import { login } from './login.ts'
import { addMail, type MailStepParts } from './mail-routes.ts'
import { createStepPages, type StepPagesParts } from './pages.ts'
import { addPasskey, type PasskeyStepParts } from './passkey-routes.ts'
import { register } from './register.ts'
import { addSecondFactor, type SecondFactorParts } from './second-factor-routes.ts'
import { signedIn } from './signed-in.ts'
import { begin, finish, save } from './steps-routes.ts'
import { expectPrompt, type Step, type Steps } from './steps.ts'
import { createVerifyStep, type VerifyStepParts } from './verify-routes.ts'
import { createWaysIn } from './ways-in-routes.ts'

/**
 * The browser steps of one authorization, under `/interaction/:uid`: sign in, register, choose an account, consent. The
 * second factor, passkeys, mail, other providers and the confirmation of an address have files of their own. Every step
 * begins with the interaction that this browser's cookie names and ends with `finish`; the engine then decides what comes
 * next, and no step knows another.
 *
 * For anyone who holds the cookie that the authorize endpoint has set for this interaction; every POST also carries a
 * token bound to it. A wrong password costs an attacker one argon2id hash of ours, taken from a bounded queue.
 */
export interface InteractionParts
  extends
    StepPagesParts,
    FederatedParts,
    VerifyStepParts,
    PasskeyStepParts,
    MailStepParts,
    SecondFactorParts {
  artifacts: ArtifactStore
  authenticate: Authenticate
  register: Register
  registeredHere: Pick<RegisteredHere, 'note'>
  onboarding: Onboarding
  /** Whether a taken e-mail is answered like a free one: both go on to the code, and for the taken one there is none. */
  hidesTakenEmail: boolean
  /** Counts a try of this address; rejects with 429, or resolves to the headers that tell how many are left. */
  limit(address: string): Promise<Record<string, string>>
  audit(event: AuditNote & { clientId: string }, request: RequestFacts): void
  showPage: ShowPage
}

export function interactionRoutes(parts: InteractionParts): Router<RequestState> {
  const { provider, showPage } = parts
  const pages = createStepPages(parts)
  const { showLogin, showRegister, refuse } = createWaysIn(parts, pages)
  const record: Steps['record'] = (ctx, { params }, event) =>
    parts.audit({ ...event, clientId: String(params['client_id']) }, factsOf(ctx))
  const verify = createVerifyStep(parts, pages, record)
  const router = new Router<RequestState>({ prefix: '/interaction/:uid' })

  const show: Steps['show'] = (page, codeElsewhere) => async (ctx) =>
    page(ctx, await begin(provider(), ctx, codeElsewhere))
  const submit: Steps['submit'] = (step) => async (ctx) => {
    const interaction = await begin(provider(), ctx)
    const fields = formFields(ctx)
    parts.csrf.check(ctx, interaction.uid, fields['csrf'])
    await step(ctx, interaction, fields)
  }

  /** The page of the prompt that the engine found to be due. */
  const showDue = async (ctx: AppContext, interaction: Interaction): Promise<void> => {
    if (await federated.skipLogin(ctx, interaction)) return undefined
    if (interaction.prompt.name === 'create') return showRegister(ctx, interaction)
    if (interaction.prompt.name === 'select_account') {
      const props = await pages.selectAccount(interaction)
      if (props) return showPage(ctx, 'select-account', props)
    }
    if (interaction.prompt.name === 'second_factor' && (await showSecondFactor(ctx, interaction)))
      return undefined
    if (interaction.prompt.name === 'consent') {
      const props = await pages.consent(interaction, ctx.state.locale)
      if (props) return showPage(ctx, 'consent', props)
    }
    return showLogin(ctx, interaction)
  }

  /** The person is who they say; where a confirmed address is required and theirs is not, that comes first. */
  const enter: Steps['enter'] = async (ctx, interaction, { user, amr, provider: via }) => {
    const { id, email, signInEpoch: epoch } = user
    // Someone who came through another provider may have no address, and needs none.
    if (email !== undefined && parts.onboarding.needsVerification(user))
      return verify.turnTo(ctx, interaction, { user, email, amr })
    return finish(provider(), ctx, signedIn({ accountId: id, epoch, amr, provider: via }))
  }

  const submitLogin: Step = async (ctx, interaction, fields) => {
    ctx.set(await parts.limit(ctx.state.address))
    const outcome = await login(parts.authenticate, { ...fields, address: ctx.state.address })
    if ('user' in outcome) {
      if (parts.onboarding.needsVerification(outcome.user)) await verify.send(ctx, outcome.user.id)
      return enter(ctx, interaction, { user: outcome.user, amr: ['pwd'] })
    }
    record(ctx, interaction, {
      type: 'login.failed',
      details: { identifier: outcome.retry.values.identifier },
    })
    await showLogin(ctx, interaction, outcome.retry)
  }
  const submitRegister: Step = async (ctx, interaction, fields) => {
    if (!parts.registrationOpen) throw new AppError('registration_closed')
    ctx.set(await parts.limit(ctx.state.address))
    const request = factsOf(ctx)
    const outcome = await register(parts.register, fields, parts)
    if ('user' in outcome) {
      const { user } = outcome
      const { id } = user
      parts.registeredHere.note(ctx, id)
      record(ctx, interaction, { type: 'user.registered', actor: id, target: `user:${id}` })
      await parts.onboarding.registered(user, request)
      return enter(ctx, interaction, { user, amr: ['pwd'] })
    }
    if ('takenEmail' in outcome) {
      const email = outcome.takenEmail
      // As for a free one.
      parts.registeredHere.note(ctx, newId())
      await parts.onboarding.registeredAgain(email, request)
      return verify.turnTo(ctx, interaction, { email, amr: ['pwd'] })
    }
    await showRegister(ctx, interaction, outcome.retry)
  }
  const submitContinue: Step = async (ctx, interaction) => {
    expectPrompt(interaction, 'select_account')
    await finish(provider(), ctx, { select_account: {} })
  }
  const submitConsent: Step = async (ctx, interaction) => {
    expectPrompt(interaction, 'consent')
    const granted = await allow(provider(), interaction)
    record(ctx, interaction, {
      type: 'consent.granted',
      actor: interaction.session!.accountId,
      target: `client:${String(interaction.params['client_id'])}`,
    })
    await finish(provider(), ctx, granted, { merge: true })
  }
  const cancel: Step = (ctx) =>
    finish(provider(), ctx, { error: 'access_denied', error_description: 'the person cancelled' })

  router.use((_ctx, next) => committed(parts.artifacts, next).catch(expired))
  router.use((ctx, next) => {
    return ctx.method === 'POST' ? parseForm()(ctx, next) : next()
  })
  const steps: Steps = {
    pages,
    show,
    submit,
    record,
    enter,
    showLogin,
    limit: async (ctx) => ctx.set(await parts.limit(ctx.state.address)),
    save: (ctx, result, options) => save(provider(), ctx, result, options),
    finish: (ctx, result, options) => finish(provider(), ctx, result, options),
  }
  const federated = federatedSteps(parts, {
    ...steps,
    refuse,
    showLink: async (ctx, interaction, props) =>
      showPage(ctx, 'link-account', await pages.link(interaction, ctx.state.locale, props)),
  })
  const showSecondFactor = addSecondFactor(router, steps, parts)
  addPasskey(router, steps, parts)
  addMail(router, steps, parts)
  federated.addTo(router)

  router.get('/', show(showDue))
  router.get('/login', show(showLogin))
  router.get('/register', show(showRegister))
  router.get('/verify', show(verify.show))
  router.post('/login', submit(submitLogin))
  router.post('/register', submit(submitRegister))
  router.post('/verify', submit(verify.submit))
  router.post('/continue', submit(submitContinue))
  router.post('/consent', submit(submitConsent))
  router.post('/cancel', submit(cancel))
  return router
}

/** The interaction or its session ended while the step was on its way. */
function expired(error: unknown): never {
  throw error instanceof Overtaken ? new AppError('session_expired') : error
}
