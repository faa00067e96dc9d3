import { errors, type Provider } from 'oidc-provider'
import type { AppContext } from '#http/context.ts'
import { preferLocales } from '#http/locale.ts'
import { AppError } from '#lib/app-error.ts'
import type { ErrorCode } from '#lib/error-catalogue.ts'
import type { Interaction, StepResult } from './interaction.ts'

/** How every step begins and ends: the engine's interaction comes in, and the browser goes back to the engine. */

/** The interaction of the URL. Without its cookie (another browser, or an hour later) it is 400 with the code. */
export async function begin(
  provider: Provider,
  ctx: AppContext,
  codeElsewhere: ErrorCode = 'session_expired',
): Promise<Interaction> {
  try {
    const interaction = await provider.interactionDetails(ctx.req, ctx.res)
    preferLocales(ctx, interaction.params['ui_locales'])
    if (interaction.uid === ctx['params'].uid) return interaction
  } catch (cause) {
    if (!(cause instanceof errors.SessionNotFound)) throw cause
  }
  throw new AppError(codeElsewhere)
}

/** Keeps what this step has found; `merge` keeps what earlier steps found too. Resolves to where the browser goes on. */
export const save = (
  provider: Provider,
  { req, res }: AppContext,
  result: StepResult,
  { merge = false } = {},
): Promise<string> =>
  provider.interactionResult(req, res, result, { mergeWithLastSubmission: merge })

/** Sends the browser back to the engine with what this step has found. */
export async function finish(
  provider: Provider,
  ctx: AppContext,
  result: StepResult,
  options?: { merge?: boolean },
): Promise<void> {
  ctx.redirect(await save(provider, ctx, result, options))
  ctx.status = 303
}
