import type { AppContext } from '#http/context.ts'
import type { Providers } from '#federation/registry.ts'
import type { ShowPage } from '#http/pages.ts'
import type { Refusal } from './federated-parts.ts'
import { hopProblems } from './federated-routes.ts'
import type { Interaction } from './interaction.ts'
import { emptyLogin, type LoginRetry } from './login.ts'
import type { Reader, StepPages } from './pages.ts'
import type { RegisterRetry } from './register.ts'

/** The pages that lead in: sign-in and registration, with every way that there is for this reader. */
export interface WaysInParts {
  providers: Providers
  registrationOpen: boolean
  showPage: ShowPage
}

export interface WaysIn {
  showLogin(ctx: AppContext, interaction: Interaction, retry?: LoginRetry): Promise<void>
  showRegister(ctx: AppContext, interaction: Interaction, retry?: RegisterRetry): Promise<void>
  /** The sign-in page with a sentence about a provider above the form. */
  refuse(ctx: AppContext, interaction: Interaction, refusal: Refusal): Promise<void>
}

export function createWaysIn(
  { providers, registrationOpen, showPage }: WaysInParts,
  pages: StepPages,
): WaysIn {
  const about = (
    ctx: AppContext,
    { params }: Interaction,
    { error, provider }: Pick<Refusal, 'error' | 'provider'>,
  ): LoginRetry => {
    const values = { provider: pages.nameOf(provider, ctx.state.locale) }
    return { ...emptyLogin(params['login_hint']), errors: { form: { key: error, values } } }
  }
  /** Anyone who comes back from a provider without having signed in there reads why. */
  const hopRetry = (ctx: AppContext, interaction: Interaction): LoginRetry | undefined => {
    const { problem, provider: id } = ctx.query
    const provider = typeof id === 'string' ? providers.find(id) : undefined
    if (!provider || typeof problem !== 'string' || !Object.hasOwn(hopProblems, problem))
      return undefined
    const error = hopProblems[problem as keyof typeof hopProblems]
    return about(ctx, interaction, { error, provider })
  }
  const showLogin: WaysIn['showLogin'] = async (ctx, interaction, retry) => {
    const shown = retry ?? hopRetry(ctx, interaction)
    showPage(ctx, 'login', await pages.login(interaction, readerOf(ctx), shown))
    if (retry) ctx.status = 422
  }

  return {
    showLogin,
    async showRegister(ctx, interaction, retry) {
      if (!registrationOpen) return showLogin(ctx, interaction)
      showPage(ctx, 'register', await pages.register(interaction, readerOf(ctx), retry))
      if (retry) ctx.status = 422
    },
    async refuse(ctx, interaction, refusal) {
      await showLogin(ctx, interaction, about(ctx, interaction, refusal))
      ctx.status = refusal.status
    },
  }
}

const readerOf = (ctx: AppContext): Reader => ({
  locale: ctx.state.locale,
  agent: ctx.get('user-agent'),
})
