import type { Router } from '@koa/router'
import { UpstreamFailure } from '#federation/providers/upstream.ts'
import type { Provider } from '#federation/registry.ts'
import { mustAsk, type FederatedEntry } from '#federation/sign-in.ts'
import type { AppContext, RequestState } from '#http/context.ts'
import { AppError } from '#lib/app-error.ts'
import type { MessageKey } from '#view/translate.ts'
import {
  isOf,
  type Arrival,
  type FederatedParts,
  type SignInStep,
  type StepTools,
  type Ticket,
} from './federated-parts.ts'
import type { Interaction } from './interaction.ts'
import { linkSteps } from './link-routes.ts'
import type { Step } from './steps.ts'

export const hopProblems = {
  cancelled: 'errors.provider_cancelled',
  failed: 'errors.provider_failed',
  unavailable: 'errors.provider_unavailable',
} as const satisfies Record<string, MessageKey>

/** Refusals of a sign-in that the person reads on the login page, where there is a way on. */
const refusals: Record<string, MessageKey> = {
  account_disabled: 'errors.account_disabled',
  registration_closed: 'errors.registration_closed',
}

export interface FederatedSteps {
  /** Goes to the provider at once when the application has asked for it; resolves to whether it does. */
  skipLogin(ctx: AppContext, interaction: Interaction): Promise<boolean>
  addTo(router: Router<RequestState>): void
}

export function federatedSteps(parts: FederatedParts, tools: StepTools): FederatedSteps {
  const { providers, notes, browser } = parts

  const leave = async (
    ctx: AppContext,
    interaction: Interaction,
    provider: Provider,
  ): Promise<void> => {
    ctx.set(await parts.limit(ctx.state.address))
    const purpose = { kind: 'sign-in', uid: interaction.uid } as const
    try {
      const address = await parts.hop.begin(provider, purpose, browser.begin(ctx))
      ctx.set('Cache-Control', 'no-store')
      ctx.redirect(address)
      ctx.status = 303
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error
      ctx.state.log.warn(
        { provider: provider.id, detail: error.message, err: error.cause },
        'no hop',
      )
      await tools.refuse(ctx, interaction, {
        error: hopProblems[error.reason],
        provider,
        status: 503,
      })
    }
  }

  const start: Step = async (ctx, interaction, fields) => {
    const provider = providers.find(fields['provider'] ?? '', ctx.get('user-agent'))
    if (!provider) throw new AppError('not_found')
    await leave(ctx, interaction, provider)
  }

  const arrive = async (ctx: AppContext, interaction: Interaction): Promise<void> => {
    const token = browser.recognise(ctx)
    const ticket = await notes.take<Ticket>(one(ctx.query['ticket']), token)
    const provider = providers.find(ticket?.providerId ?? '')
    if (!ticket || !provider || !isOf(ticket.purpose, interaction))
      throw new AppError('session_expired')
    if (await mustAsk(parts.identities, ticket.seen, ticket)) await link.ask(ctx, ticket)
    else await signIn(ctx, interaction, { ticket, provider })
  }

  const signIn: SignInStep = async (ctx, interaction, { ticket, provider }) => {
    const entry = await find(ctx, interaction, { ticket, provider })
    if (entry === undefined) return
    const { isNew, isLinked, user } = entry
    const about = { actor: user.id, target: `user:${user.id}`, details: { provider: provider.id } }
    if (isNew) tools.record(ctx, interaction, { type: 'user.registered', ...about })
    if (isNew || isLinked) tools.record(ctx, interaction, { type: 'identity.linked', ...about })
    await tools.enter(ctx, interaction, { user, amr: ['fed'], provider: provider.id })
  }

  /** Undefined when the person was refused, and reads why. */
  const find = async (
    ctx: AppContext,
    interaction: Interaction,
    { ticket, provider }: Arrival,
  ): Promise<FederatedEntry | undefined> => {
    try {
      return await parts.signInFederated(ticket.seen, { trustsEmail: ticket.trustsEmail })
    } catch (error) {
      const sentence = error instanceof AppError ? refusals[error.code] : undefined
      if (!sentence) throw error
      const reason = (error as AppError).code
      const details = { provider: provider.id, reason }
      tools.record(ctx, interaction, { type: 'login.failed', details })
      await tools.refuse(ctx, interaction, { error: sentence, provider, status: 403 })
      return undefined
    }
  }

  const link = linkSteps(parts, { ...tools, signIn })

  return {
    async skipLogin(ctx, interaction) {
      const { identity_provider: wish } = interaction.params
      const isDue = interaction.prompt.name === 'login' || interaction.prompt.name === 'create'
      const provider =
        isDue && typeof wish === 'string' && providers.find(wish, ctx.get('user-agent'))
      if (provider) await leave(ctx, interaction, provider)
      return Boolean(provider)
    },
    addTo(router) {
      router.post('/federated', tools.submit(start))
      router.get('/federated', tools.show(arrive))
      link.addTo(router)
    },
  }
}

const one = (value: string | string[] | undefined): string =>
  typeof value === 'string' ? value : ''
