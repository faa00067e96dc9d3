import type { Clock } from '#lib/clock.ts'
import { isActive } from '#storage/active.ts'
import type { ArtifactStore } from '#storage/artifacts.ts'
import type { IdentityStore } from '#storage/identities.ts'
import type { User, UserStore } from '#storage/users.ts'
import type { EndSignIns } from './end-sign-ins.ts'
import type { MailLimits } from './limits.ts'
import type { MailCodes } from './mail-codes.ts'
import { createMailLinks, invalidToken } from './mail-links.ts'
import type { PasswordPolicy, PasswordProblem } from './password-policy.ts'
import type { Passwords } from './passwords.ts'
import { createVerification } from './verification.ts'

/**
 * What a person does who cannot sign in, or whose address is not confirmed yet: links by mail. A link is a random token
 * of which only the hash is kept; it works once, for the account that it was made for, and goes to the address that the
 * database has, whatever the request says. Beside the link that confirms an address stands a code (`mail-codes.ts`).
 */
export interface Recovery {
  /** Sends a link to set a new password, if somebody has this e-mail; says nothing either way. */
  forgotPassword(email: string, from: MailCause): Promise<void>
  /**
   * Ends every sign-in and API key of the account that the token was made for and sets its password; all of it or nothing.
   * Confirms the address too, because the link went there: if it was not confirmed before, what was attached to the
   * account goes. Rejects with `invalid_token` when the token is unknown, used or too old.
   */
  resetPassword(
    token: string,
    password: string,
  ): Promise<{ user: User } | { problem: PasswordProblem }>
  /** Sends a link and a code to confirm the address, if there is such a person and it is not confirmed. Earlier ones are void. */
  requestVerification(who: Who, from: MailCause): Promise<void>
  /**
   * Confirms the address that the link or the code was sent to. `holders` are the accounts that the person has shown to be
   * signed in to, or to have registered just now; for everyone else it may be an account that a stranger has made, so every
   * sign-in ends and what was attached to it goes. Rejects when the proof is unknown, used or too old, or the address was
   * changed since: with `invalid_token`, or with `invalid_code`, which is also the answer to an unknown person and to too
   * many tries.
   */
  verifyEmail(proof: EmailProof, holders: readonly string[]): Promise<User>
  /** The account whose address the link would confirm; undefined when it would not. */
  whoseEmail(token: string): Promise<User | undefined>
  /**
   * For an owner of an address who has never made the account that the link is for: the address is removed from it,
   * and an account that has no other way to sign in is deleted. Rejects with `invalid_token` as above.
   */
  disownEmail(token: string): Promise<User>
}

/** One person: whoever has the e-mail or the id, if anybody has. */
export type Who = { email: string } | { accountId: string }

/** The link of a mail, or the code beside it. */
export type EmailProof = { token: string } | (Who & { code: string })

/** Whose request causes a mail. */
export interface MailCause {
  /** For recipients who have not chosen a language. */
  locale: string
  /** Where the request came from; absent when it was no stranger's. */
  address?: string
}

/** Sends one of our messages, with a link to a page of ours that carries the token. */
export type SendLink = (
  name: 'resetPassword' | 'verifyEmail',
  message: { to: string; token: string; code?: string; locale: string },
) => Promise<void>

export interface RecoveryParts {
  users: UserStore
  artifacts: ArtifactStore
  identities: Pick<IdentityStore, 'listByUser'>
  endSignIns: EndSignIns
  passwords: Passwords
  passwordPolicy: PasswordPolicy
  sendLink: SendLink
  /** Tells the owner that the password was changed. */
  tellChanged(user: User): Promise<void>
  codes: MailCodes
  mailLimits: MailLimits
  now: Clock
}

const resetMs = 30 * 60_000

export function createRecovery(parts: RecoveryParts): Recovery {
  const { users, mailLimits, endSignIns } = parts
  const links = createMailLinks(parts)
  return {
    ...createVerification(parts, links),
    async forgotPassword(email, { locale, address }) {
      const user = await users.findByIdentifier(email.trim())
      if (!isActive(user) || user.email === undefined) return
      if (!(await mailLimits.maySend(user.email, address))) return
      const token = await links.make('PasswordReset', user, resetMs)
      const language = user.locale ?? locale
      await parts.sendLink('resetPassword', { to: user.email, token, locale: language })
    },
    async resetPassword(token, password) {
      const problem = await parts.passwordPolicy(password)
      if (problem) return { problem }
      const link = await links.look('PasswordReset', token)
      const passwordHash = await parts.passwords.hash(password)
      const { user, email } = link
      const how = { spend: link, passwordHash, apiKeys: true, takeover: { email } }
      if (!(await endSignIns(user, how))) throw invalidToken()
      await parts.tellChanged(user)
      return { user }
    },
  }
}
