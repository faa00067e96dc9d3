import { errors, type Provider } from 'oidc-provider'
import type { AppContext } from '#http/context.ts'
import { preferLocales } from '#http/locale.ts'
import { AppError } from '#lib/app-error.ts'
import type { Interaction, StepResult } from './interaction.ts'

/** How every step begins and ends: what the form sent comes in, and the browser goes back to the engine or sees a page. */
export type Step = (
  ctx: AppContext,
  interaction: Interaction,
  fields: Record<string, string>,
) => Promise<void>

export interface InteractionEvent {
  type: string
  actor?: string
  target?: string
  details?: Record<string, unknown>
}

/** Writes to the audit log what happened in an interaction. */
export type RecordEvent = (
  ctx: AppContext,
  interaction: Interaction,
  event: InteractionEvent,
) => void

/** The interaction of the URL. Without its cookie (another browser, or an hour later) it is 400 `session_expired`. */
export async function begin(provider: Provider, ctx: AppContext): Promise<Interaction> {
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
export async function finish(
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
export const signedIn = (accountId: string, amr: string[] | undefined): StepResult => ({
  login: { accountId, ...(amr && { amr }), remember: true },
  select_account: {},
  create: {},
})

export function expectPrompt(interaction: Interaction, name: string): void {
  if (interaction.prompt.name !== name) throw new AppError('session_expired', 400)
}
