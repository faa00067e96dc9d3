import { AppError } from '#lib/app-error.ts'
import type { ArtifactStore } from '#storage/artifacts.ts'
import { AlreadyExists } from '#storage/errors.ts'
import type { User, UserStore } from '#storage/users.ts'
import type { MailLimits } from './limits.ts'
import type { MailCodes } from './mail-codes.ts'
import type { MailCause } from './mail-links.ts'

/**
 * Another e-mail for an account: nothing changes until the code that went to the new address comes back. An address that
 * someone else has gets no code but a mail to its owner, and looks to anyone who asked like any other.
 */
export interface ChangeEmail {
  /** Makes the code, which is then mailed; an earlier one is void. */
  ask(user: User, email: string, from: MailCause): Promise<void>
  /** The address that waits for its code; undefined when none does. */
  pending(user: User): Promise<string | undefined>
  /**
   * The user with the new address, which is confirmed. Links and codes that went to the old one are void, and it hears of the
   * change. Rejects with `invalid_code`, or with `email_taken` when someone was quicker.
   */
  confirm(user: User, code: string): Promise<User>
}

/** What these mails are called, and what they say beside their words. */
export type SendEmailMail = (
  name: 'changeEmail' | 'emailTaken' | 'emailChanging' | 'emailChanged',
  message: { to: string; locale: string; code?: string; about?: string },
) => Promise<void>

export interface ChangeEmailParts {
  users: Pick<UserStore, 'update'>
  artifacts: Pick<ArtifactStore, 'removeByAccount'>
  codes: MailCodes
  /** Has both addresses told, not now. */
  tellLater: TellChange
  send: SendEmailMail
}

/** Mails the code to the new address (or a warning, if it belongs to an account) and a notice to the old one. */
export type TellChange = (change: {
  userId: string
  email: string
  code: string
  from: MailCause
}) => Promise<void>

const purpose = 'change-email'

export function createChangeEmail(parts: ChangeEmailParts): ChangeEmail {
  const { users, artifacts, codes, send } = parts
  return {
    async ask({ id: userId }, email, from) {
      const code = await codes.make(purpose, { accountId: userId, email })
      await parts.tellLater({ userId, email, code, from })
    },
    pending: ({ id }) => codes.sentTo(purpose, id),
    async confirm(user, code) {
      const email = await codes.sentTo(purpose, user.id)
      const holder = email === undefined ? undefined : { accountId: user.id, email }
      const fits = await codes.spend(purpose, holder, code)
      if (!fits || email === undefined) throw new AppError('invalid_code')
      const changed = await users
        .update(user.id, { email, emailVerified: true })
        .catch((error: unknown) => {
          throw error instanceof AlreadyExists ? new AppError('email_taken') : error
        })
      if (!changed) throw new AppError('forbidden')
      await artifacts.removeByAccount(user.id, ['PasswordReset', 'EmailVerification', 'MailCode'])
      const { email: to, locale = 'en' } = user
      if (to !== undefined && to !== email) await send('emailChanged', { to, locale, about: email })
      return changed
    },
  }
}

export interface TellChangeParts {
  users: Pick<UserStore, 'findById' | 'findByIdentifier'>
  mailLimits: MailLimits
  send: SendEmailMail
}

export function createTellChange({ users, mailLimits, send }: TellChangeParts): TellChange {
  return async ({ userId, email, code, from }) => {
    const user = await users.findById(userId)
    if (!user || !(await mailLimits.maySend(email, from.address))) return
    const owner = await users.findByIdentifier(email)
    const locale = user.locale ?? from.locale
    if (owner?.email !== undefined && owner.id !== user.id)
      await send('emailTaken', { to: owner.email, locale: owner.locale ?? 'en' })
    else await send('changeEmail', { to: email, code, locale })
    const { email: old } = user
    if (old !== undefined && old !== email && (await mailLimits.maySend(old)))
      await send('emailChanging', { to: old, locale, about: email })
  }
}
