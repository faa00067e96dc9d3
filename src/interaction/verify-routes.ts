import type { Provider } from 'oidc-provider'
import { factsOf } from '#http/api.ts'
import type { AppContext } from '#http/context.ts'
import type { ShowPage } from '#http/pages.ts'
import { AppError, unless } from '#lib/app-error.ts'
import { newId } from '#lib/ids.ts'
import type { User, UserStore } from '#storage/users.ts'
import type { Recovery } from '#users/recovery.ts'
import type { Interaction } from './interaction.ts'
import type { StepPages, VerifyRetry } from './pages.ts'
import { signedIn } from './signed-in.ts'
import { finish } from './steps-routes.ts'
import type { Step, Steps } from './steps.ts'

/**
 * Where an address must be confirmed before a sign-in: anyone who has given a password that fits, or has just registered,
 * types the code of the mail, and the sign-in goes on. The interaction remembers meanwhile who waits. For the registration
 * of a taken address no one waits: the page is the same, and no code works.
 */
export interface VerifyStepParts {
  basePath: string
  recovery: Pick<Recovery, 'requestVerification' | 'verifyEmail'>
  users: UserStore
  showPage: ShowPage
  /** The engine in service. */
  provider: () => Provider
  /** Counts a try of this address; rejects with 429, or resolves to the headers that tell how many are left. */
  limit(address: string): Promise<Record<string, string>>
}

export interface VerifyStep {
  /** Turns to the page of the code; without a user to one whose code no one has. */
  turnTo(
    ctx: AppContext,
    interaction: Interaction,
    waiting: { user?: User; email: string; amr: string[] },
  ): Promise<void>
  /** Sends a new code to the person. */
  send(ctx: AppContext, accountId: string): Promise<void>
  show(ctx: AppContext, interaction: Interaction): Promise<void>
  submit: Step
}

/** Who waits for a mail, as the interaction keeps it. */
interface Waiting {
  accountId: string
  email: string
  /** The account's sign-in epoch when they came. */
  epoch: number
  /** How they have shown who they are, up to here. */
  amr: string[]
}

export function createVerifyStep(
  parts: VerifyStepParts,
  pages: Pick<StepPages, 'verifyEmail'>,
  record: Steps['record'],
): VerifyStep {
  const { recovery, provider, showPage } = parts
  /** A reload then shows the page again instead of sending the form. */
  const turn = (ctx: AppContext, { uid }: Interaction, query = ''): void => {
    ctx.redirect(`${parts.basePath}/interaction/${uid}/verify${query}`)
    ctx.status = 303
  }
  const show = async (
    ctx: AppContext,
    interaction: Interaction,
    retry: VerifyRetry,
  ): Promise<void> => {
    showPage(ctx, 'confirm-email', await pages.verifyEmail(interaction, retry))
    if (retry.errors.code) ctx.status = 422
  }
  const send = (ctx: AppContext, accountId: string): Promise<void> =>
    recovery.requestVerification({ accountId }, factsOf(ctx))
  /** The link was opened in another browser, which ends what began before. */
  const signInAgain = (ctx: AppContext, { uid }: Interaction): void => {
    ctx.redirect(`${parts.basePath}/interaction/${uid}/login`)
    ctx.status = 303
  }
  const enter = async (ctx: AppContext, interaction: Interaction, user: User): Promise<void> => {
    const { id } = user
    const { amr, epoch } = waitingOf(interaction)
    // They need not be told of a new device: they have just read a mail of ours.
    const login = { accountId: id, epoch, amr, isQuiet: true }
    await finish(provider(), ctx, signedIn(login))
  }

  return {
    send,
    async turnTo(ctx, interaction, { user, email, amr }) {
      const { id: accountId, signInEpoch: epoch } = user ?? { id: newId(), signInEpoch: 0 }
      const waiting: Waiting = { accountId, epoch, email: email.trim(), amr }
      await provider().interactionResult(ctx.req, ctx.res, { waiting })
      turn(ctx, interaction)
    },
    async show(ctx, interaction) {
      const { email } = waitingOf(interaction)
      await show(ctx, interaction, { email, errors: {}, sentAgain: 'again' in ctx.query })
    },
    async submit(ctx, interaction, fields) {
      const { accountId, email } = waitingOf(interaction)
      ctx.set(await parts.limit(ctx.state.address))
      // Anyone who has opened the link of the mail meanwhile only comes back to go on.
      const user = await parts.users.findById(accountId)
      if (user?.emailVerified) {
        const { epoch } = waitingOf(interaction)
        return user.signInEpoch === epoch
          ? enter(ctx, interaction, user)
          : signInAgain(ctx, interaction)
      }
      if ('send' in fields) {
        await send(ctx, accountId)
        return turn(ctx, interaction, '?again')
      }
      const code = fields['code'] ?? ''
      if (!code.trim())
        return show(ctx, interaction, { email, errors: { code: 'errors.mail_code_required' } })
      const verified = await recovery
        .verifyEmail({ accountId, code }, [accountId])
        .catch(unless('invalid_code'))
      if (!verified)
        return show(ctx, interaction, { email, errors: { code: 'errors.invalid_code' } })
      const event = { actor: accountId, target: `user:${accountId}` }
      record(ctx, interaction, { type: 'email.verified', ...event })
      await enter(ctx, interaction, verified)
    },
  }
}

function waitingOf({ result }: Interaction): Waiting {
  const waiting = result?.['waiting'] as Waiting | undefined
  if (!waiting) throw new AppError('session_expired')
  return waiting
}
