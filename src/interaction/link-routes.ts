import type { Router } from '@koa/router'
import { linkIdentity } from '#federation/sign-in.ts'
import type { AppContext, RequestState } from '#http/context.ts'
import { AppError } from '#lib/app-error.ts'
import type { LinkProps } from './pages.ts'
import {
  isOf,
  type Arrival,
  type FederatedParts,
  type SignInStep,
  type StepTools,
  type Ticket,
} from './federated-parts.ts'
import type { Interaction } from './interaction.ts'
import type { Step } from './steps.ts'

/**
 * The question of `mustAsk`: the person proves by its password that they have the account with this e-mail, or chooses a
 * new one. The page is the same whether or not there is such an account. It is for one identity, of this interaction and
 * this browser, and is answered once; wrong passwords count as they do on the login page.
 */
export interface LinkSteps {
  /** Sends the browser to the page that asks. */
  ask(ctx: AppContext, ticket: Ticket): Promise<void>
  addTo(router: Router<RequestState>): void
}

export function linkSteps(
  parts: FederatedParts,
  tools: StepTools & { signIn: SignInStep },
): LinkSteps {
  const { notes, browser } = parts

  const findAsked = async (
    ctx: AppContext,
    interaction: Interaction,
    ticketId: string,
  ): Promise<Arrival & { email: string }> => {
    const ticket = await notes.read<Ticket>(ticketId, browser.recognise(ctx))
    const provider = parts.providers.find(ticket?.providerId ?? '')
    const email = ticket?.seen.profile.email
    if (!ticket || !provider || !email || !isOf(ticket.purpose, interaction))
      throw new AppError('session_expired')
    return { ticket, provider, email }
  }

  const spend = async (ctx: AppContext, ticketId: string): Promise<void> => {
    if (!(await notes.take(ticketId, browser.recognise(ctx)))) throw new AppError('session_expired')
  }

  const showLink = async (ctx: AppContext, interaction: Interaction): Promise<void> => {
    const ticket = one(ctx.query['ticket'])
    const { provider, email } = await findAsked(ctx, interaction, ticket)
    await tools.showLink(ctx, interaction, { ticket, provider, email, errors: {} })
  }

  const submitLink: Step = async (ctx, interaction, { ticket = '', password = '', choice }) => {
    ctx.set(await parts.limit(ctx.state.address))
    const asked = await findAsked(ctx, interaction, ticket)
    if (choice === 'new') {
      await spend(ctx, ticket)
      return tools.signIn(ctx, interaction, asked)
    }
    const { provider, email } = asked
    const again = async (errors: LinkProps['errors']): Promise<void> => {
      await tools.showLink(ctx, interaction, { ticket, provider, email, errors })
      ctx.status = 422
    }
    if (!password) return again({ password: 'errors.password_required' })
    const { address } = ctx.state
    const user = await parts.authenticate({ identifier: email, password, address })
    if (!user) {
      const details = { identifier: email, provider: provider.id }
      tools.record(ctx, interaction, { type: 'login.failed', details })
      return again({ form: 'errors.wrong_credentials' })
    }
    await spend(ctx, ticket)
    await linkIdentity(parts.identities, user, asked.ticket.seen)
    tools.record(ctx, interaction, {
      type: 'identity.linked',
      actor: user.id,
      target: `user:${user.id}`,
      details: { provider: provider.id },
    })
    return tools.enter(ctx, interaction, { user, amr: ['fed', 'pwd'], provider: provider.id })
  }

  return {
    async ask(ctx, ticket) {
      const ticketId = await notes.write(ticket, browser.recognise(ctx))
      ctx.redirect(`${ctx.path.replace(/federated$/, 'link')}?ticket=${ticketId}`)
      ctx.status = 303
    },
    addTo(router) {
      router.get('/link', tools.show(showLink))
      router.post('/link', tools.submit(submitLink))
    },
  }
}

const one = (value: string | string[] | undefined): string =>
  typeof value === 'string' ? value : ''
