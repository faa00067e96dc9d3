import { Router } from '@koa/router'
import type { AppContext, RequestState } from '#http/context.ts'
import { factsOf, type RequestFacts } from '#http/api.ts'
import { inBackground } from '#http/background.ts'
import { formFields, parseForm } from '#http/form.ts'
import type { ShowPage } from '#http/pages.ts'
import { AppError } from '#lib/app-error.ts'
import type { Authenticate } from '#users/authenticate.ts'
import type { User } from '#storage/users.ts'
import type { Register } from '#users/register.ts'
import { allow } from './consent.ts'
import { federatedSteps, hopProblems, type FederatedParts } from './federated-routes.ts'
import type { Interaction } from './interaction.ts'
import { emptyLogin, login, type LoginRetry } from './login.ts'
import { createStepPages, type Reader, type StepPagesParts } from './pages.ts'
import { register } from './register.ts'
import {
  begin,
  expectPrompt,
  finish,
  signedIn,
  type InteractionEvent,
  type RecordEvent,
  type Step,
} from './steps-routes.ts'
import { createVerifyStep, type VerifyStepParts } from './verify-routes.ts'

/**
 * The browser steps of one authorization, under `/interaction/:uid`: sign in, register, choose an account, consent.
 * Every step begins with the interaction that this browser's cookie names and ends with `finish`; the engine then
 * decides what comes next, and no step knows another.
 *
 * For whoever holds the cookie that the authorize endpoint has set for this interaction; every POST also carries a
 * token bound to it. A wrong password costs an attacker one argon2id hash of ours, taken from a bounded queue.
 */
export interface InteractionParts
  extends
    Omit<StepPagesParts, 'providers'>,
    Omit<FederatedParts, 'users'>,
    Omit<VerifyStepParts, 'providers'> {
  authenticate: Authenticate
  register: Register
  /** What follows a registration: a mail to confirm the address, or to the owner of a taken one. */
  registered(user: User, request: RequestFacts): Promise<void>
  registeredAgain(email: string, request: RequestFacts): Promise<void>
  /** Whether the person must confirm their address before they may sign in. */
  needsVerification(user: User): boolean
  /** Whether a taken e-mail is answered like a free one: both go on to the code, and for the taken one there is none. */
  hidesTakenEmail: boolean
  /** Counts a try of this address; rejects with 429, or resolves to the headers that tell how many are left. */
  limit(address: string): Promise<Record<string, string>>
  audit(event: InteractionEvent & { clientId: string }, request: RequestFacts): void
  showPage: ShowPage
}

export function interactionRoutes(parts: InteractionParts): Router<RequestState> {
  const { provider, showPage } = parts
  const pages = createStepPages(parts)
  const record: RecordEvent = (ctx, { params }, event) =>
    parts.audit({ ...event, clientId: String(params['client_id']) }, factsOf(ctx))
  const verify = createVerifyStep(parts, pages, record)
  const router = new Router<RequestState>({ prefix: '/interaction/:uid' })

  const show =
    (page: (ctx: AppContext, interaction: Interaction) => Promise<void>) =>
    async (ctx: AppContext) =>
      page(ctx, await begin(provider(), ctx))
  const submit = (step: Step) => async (ctx: AppContext) => {
    const interaction = await begin(provider(), ctx)
    const fields = formFields(ctx)
    parts.csrf.check(ctx, interaction.uid, fields['csrf'])
    await step(ctx, interaction, fields)
  }
  const showLogin = async (
    ctx: AppContext,
    interaction: Interaction,
    retry?: LoginRetry,
  ): Promise<void> =>
    showPage(
      ctx,
      'login',
      await pages.login(interaction, readerOf(ctx), retry ?? hopRetry(ctx, interaction)),
    )
  const showRegister = async (ctx: AppContext, interaction: Interaction): Promise<void> =>
    parts.registrationOpen
      ? showPage(ctx, 'register', await pages.register(interaction, readerOf(ctx)))
      : showLogin(ctx, interaction)

  /** Whoever comes back from a provider without having signed in there reads why. */
  const hopRetry = (ctx: AppContext, interaction: Interaction): LoginRetry | undefined => {
    const { problem, provider: id } = ctx.query
    const one = typeof id === 'string' ? parts.providers.find(id) : undefined
    if (!one || typeof problem !== 'string' || !Object.hasOwn(hopProblems, problem))
      return undefined
    const key = hopProblems[problem as keyof typeof hopProblems]
    const form = { key, values: { provider: pages.nameOf(one, ctx.state.locale) } }
    return { ...emptyLogin(interaction.params['login_hint']), errors: { form } }
  }

  /** The page of the prompt that the engine found to be due. */
  const showDue = async (ctx: AppContext, interaction: Interaction): Promise<void> => {
    if (await federated.skipLogin(ctx, interaction)) return undefined
    if (interaction.prompt.name === 'create') return showRegister(ctx, interaction)
    if (interaction.prompt.name === 'select_account') {
      const props = await pages.selectAccount(interaction)
      if (props) return showPage(ctx, 'select-account', props)
    }
    if (interaction.prompt.name === 'consent') {
      const props = await pages.consent(interaction, ctx.state.locale)
      if (props) return showPage(ctx, 'consent', props)
    }
    return showLogin(ctx, interaction)
  }

  /** The person is who they say; where a confirmed address is required and theirs is not, that comes first. */
  const enter = async (
    ctx: AppContext,
    interaction: Interaction,
    { user, provider: via }: { user: User; provider?: string },
  ): Promise<void> => {
    const { id, email } = user
    // Somebody who came through another provider may have no address, and needs none.
    if (email !== undefined && parts.needsVerification(user))
      return verify.turnTo(ctx, interaction, { user, email })
    record(ctx, interaction, {
      type: 'login.succeeded',
      actor: id,
      target: `user:${id}`,
      ...(via !== undefined && { details: { provider: via } }),
    })
    return finish(provider(), ctx, signedIn(id, via === undefined ? ['pwd'] : undefined))
  }

  const federated = federatedSteps(parts, {
    show,
    submit,
    enter,
    record,
    async refuse(ctx, interaction, { error, provider: one, status }) {
      const form = { key: error, values: { provider: pages.nameOf(one, ctx.state.locale) } }
      const { values } = emptyLogin(interaction.params['login_hint'])
      await showLogin(ctx, interaction, { values, errors: { form } })
      ctx.status = status
    },
    showLink: async (ctx, interaction, props) =>
      showPage(ctx, 'link-account', await pages.link(interaction, ctx.state.locale, props)),
  })

  const submitLogin: Step = async (ctx, interaction, fields) => {
    ctx.set(await parts.limit(ctx.state.address))
    const outcome = await login(parts.authenticate, { ...fields, address: ctx.state.address })
    if ('user' in outcome) {
      if (parts.needsVerification(outcome.user)) verify.send(ctx, outcome.user.id)
      return enter(ctx, interaction, outcome)
    }
    record(ctx, interaction, {
      type: 'login.failed',
      details: { identifier: outcome.retry.values.identifier },
    })
    await showLogin(ctx, interaction, outcome.retry)
    ctx.status = 422
  }
  const submitRegister: Step = async (ctx, interaction, fields) => {
    if (!parts.registrationOpen) throw new AppError('registration_closed', 403)
    ctx.set(await parts.limit(ctx.state.address))
    const request = factsOf(ctx)
    const outcome = await register(parts.register, fields, parts)
    if ('user' in outcome) {
      const { user } = outcome
      const { id } = user
      record(ctx, interaction, { type: 'user.registered', actor: id, target: `user:${id}` })
      inBackground(() => parts.registered(user, request), request)
      return enter(ctx, interaction, { user })
    }
    if ('takenEmail' in outcome) {
      const email = outcome.takenEmail
      inBackground(() => parts.registeredAgain(email, request), request)
      return verify.turnTo(ctx, interaction, { email })
    }
    showPage(ctx, 'register', await pages.register(interaction, readerOf(ctx), outcome.retry))
    ctx.status = 422
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

  router.use((ctx, next) => {
    return ctx.method === 'POST' ? parseForm()(ctx, next) : next()
  })
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
  federated.addTo(router)
  return router
}

const readerOf = (ctx: AppContext): Reader => ({
  locale: ctx.state.locale,
  agent: ctx.get('user-agent'),
})
