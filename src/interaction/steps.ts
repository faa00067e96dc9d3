import type { AuditNote } from '#http/audit.ts'
import type { AppContext, Middleware } from '#http/context.ts'
import { AppError } from '#lib/app-error.ts'
import type { ErrorCode } from '#lib/error-catalogue.ts'
import type { User } from '#storage/users.ts'
import type { Interaction, StepResult } from './interaction.ts'
import type { LoginRetry } from './login.ts'
import type { StepPages } from './pages.ts'

/** What a step in a file of its own is given: how every one begins, is checked and ends. */
export interface Steps {
  pages: StepPages
  /** A page of the interaction that this browser's cookie names; another browser gets 400 with the code. */
  show(
    page: (ctx: AppContext, interaction: Interaction) => Promise<void>,
    codeElsewhere?: ErrorCode,
  ): Middleware
  /** A form of it: parsed, and refused unless it carries the interaction's token. */
  submit(step: Step): Middleware
  /** Counts a try of this address. */
  limit(ctx: AppContext): Promise<void>
  record(ctx: AppContext, interaction: Interaction, event: AuditNote): void
  /** Keeps the result; resolves to where the browser goes on. `merge` keeps what earlier steps found. */
  save(ctx: AppContext, result: StepResult, options?: { merge?: boolean }): Promise<string>
  /** Keeps the result and sends the browser back to the engine. */
  finish(ctx: AppContext, result: StepResult, options?: { merge?: boolean }): Promise<void>
  /** Lets someone in who has shown who they are by `amr`, unless their address must be confirmed first. */
  enter(
    ctx: AppContext,
    interaction: Interaction,
    who: { user: User; amr: string[]; provider?: string },
  ): Promise<void>
  showLogin(ctx: AppContext, interaction: Interaction, retry?: LoginRetry): Promise<void>
}

export type Step = (
  ctx: AppContext,
  interaction: Interaction,
  fields: Record<string, string>,
) => Promise<void>

export function expectPrompt(interaction: Interaction, name: string): void {
  if (interaction.prompt.name !== name) throw new AppError('session_expired')
}

/** What the passkey script has put into a form; undefined when it is no JSON. */
export function jsonOf(text = ''): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
