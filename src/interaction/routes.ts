import { Router } from '@koa/router'
import { errors, type Provider } from 'oidc-provider'
import type { AppContext, RequestState } from '#http/context.ts'
import { factsOf, type RequestFacts } from '#http/api.ts'
import { formFields, parseForm } from '#http/form.ts'
import { preferLocales } from '#http/locale.ts'
import type { ShowPage } from '#http/pages.ts'
import { AppError } from '#lib/app-error.ts'
import type { Authenticate } from '#users/authenticate.ts'
import type { User } from '#storage/users.ts'
import type { Register } from '#users/register.ts'
import { allow } from './consent.ts'
import type { Interaction, StepResult } from './interaction.ts'
import { login } from './login.ts'
import { createStepPages, type StepPagesParts } from './pages.ts'
import { register } from './register.ts'

/**
 * The browser steps of one authorization, under `/interaction/:uid`: sign in, register, choose an account, consent.
 * Every step begins with the interaction that this browser's cookie names and ends with `finish`; the engine then
 * decides what comes next, and no step knows another.
 *
 * For whoever holds the cookie that the authorize endpoint has set for this interaction; every POST also carries a
 * token bound to it. A wrong password costs an attacker one argon2id hash of ours, taken from a bounded queue.
 */
export interface InteractionParts extends StepPagesParts {
  authenticate: Authenticate
  register: Register
  /** Tells a new person by mail. */
  registered(user: User, request: { locale: string }): Promise<void>
  /** Whether the person must confirm their address before they may sign in. */
  needsVerification(user: User): boolean
  /** Counts a try of this address; rejects with 429, or resolves to the headers that tell how many are left. */
  limit(address: string): Promise<Record<string, string>>
  audit(event: InteractionEvent, request: RequestFacts): void
  showPage: ShowPage
}

interface InteractionEvent {
  type: string
  actor?: string
  target?: string
  clientId?: string
  details?: Record<string, unknown>
}

type Step = (
  ctx: AppContext,
  interaction: Interaction,
  fields: Record<string, string>,
) => Promise<void>

export function interactionRoutes(parts: InteractionParts): Router<RequestState> {
  const { provider, showPage } = parts
  const pages = createStepPages(parts)
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
  const showLogin = async (ctx: AppContext, interaction: Interaction): Promise<void> =>
    showPage(ctx, 'login', await pages.login(interaction))
  const showRegister = async (ctx: AppContext, interaction: Interaction): Promise<void> =>
    parts.registrationOpen
      ? showPage(ctx, 'register', await pages.register(interaction))
      : showLogin(ctx, interaction)

  /** The page of the prompt that the engine found to be due. */
  const showDue = async (ctx: AppContext, interaction: Interaction): Promise<void> => {
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

  const record = (ctx: AppContext, { params }: Interaction, event: InteractionEvent): void =>
    parts.audit({ ...event, clientId: String(params['client_id']) }, factsOf(ctx))

  /** The person is who they say; without a confirmed address, where one is required, they get no further. */
  const enter = async (ctx: AppContext, interaction: Interaction, user: User): Promise<void> => {
    if (!parts.needsVerification(user)) {
      record(ctx, interaction, {
        type: 'login.succeeded',
        actor: user.id,
        target: `user:${user.id}`,
      })
      return finish(provider(), ctx, signedIn(user.id))
    }
    const values = { identifier: user.email ?? user.username ?? '' }
    const errors = { form: 'errors.email_not_verified' } as const
    showPage(ctx, 'login', await pages.login(interaction, { values, errors }))
    ctx.status = 422
  }

  const submitLogin: Step = async (ctx, interaction, fields) => {
    ctx.set(await parts.limit(ctx.state.address))
    const outcome = await login(parts.authenticate, { ...fields, address: ctx.state.address })
    if ('user' in outcome) return enter(ctx, interaction, outcome.user)
    record(ctx, interaction, {
      type: 'login.failed',
      details: { identifier: outcome.retry.values.identifier },
    })
    showPage(ctx, 'login', await pages.login(interaction, outcome.retry))
    ctx.status = 422
  }
  const submitRegister: Step = async (ctx, interaction, fields) => {
    if (!parts.registrationOpen) throw new AppError('registration_closed', 403)
    ctx.set(await parts.limit(ctx.state.address))
    const outcome = await register(parts.register, fields)
    if ('user' in outcome) {
      const { user } = outcome
      record(ctx, interaction, {
        type: 'user.registered',
        actor: user.id,
        target: `user:${user.id}`,
      })
      await parts.registered(user, { locale: ctx.state.locale })
      return enter(ctx, interaction, user)
    }
    showPage(ctx, 'register', await pages.register(interaction, outcome.retry))
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
  router.post('/login', submit(submitLogin))
  router.post('/register', submit(submitRegister))
  router.post('/continue', submit(submitContinue))
  router.post('/consent', submit(submitConsent))
  router.post('/cancel', submit(cancel))
  return router
}

/** The interaction of the URL. Without its cookie (another browser, or an hour later) it is 400 `session_expired`. */
async function begin(provider: Provider, ctx: AppContext): Promise<Interaction> {
  try {
    const interaction = await provider.interactionDetails(ctx.req, ctx.res)
    preferLocales(ctx, interaction.params['ui_locales'])
    if (interaction.uid === ctx['params'].uid) return interaction
  } catch (cause) {
    if (!(cause instanceof errors.SessionNotFound)) throw cause
  }
  throw new AppError('session_expired', 400)
}

/** Sends the browser back to the engine with what this step has found; `merge` keeps what earlier steps found. */
async function finish(
  provider: Provider,
  ctx: AppContext,
  result: StepResult,
  { merge = false } = {},
): Promise<void> {
  const next = await provider.interactionResult(ctx.req, ctx.res, result, {
    mergeWithLastSubmission: merge,
  })
  ctx.redirect(next)
  ctx.status = 303
}

/** A sign-in also answers the prompts that led to it. */
const signedIn = (accountId: string): StepResult => ({
  login: { accountId, amr: ['pwd'], remember: true },
  select_account: {},
  create: {},
})

function expectPrompt(interaction: Interaction, name: string): void {
  if (interaction.prompt.name !== name) throw new AppError('session_expired', 400)
}
