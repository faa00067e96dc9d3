import { isActive } from '#storage/active.ts'
import type { User } from '#storage/users.ts'
import { createMailLinks, invalidToken, type MailCause } from './mail-links.ts'
import type { PasswordPolicy, PasswordProblem } from './password-policy.ts'
import type { Passwords } from './passwords.ts'
import { createVerification, type Verification, type VerificationParts } from './verification.ts'

/**
 * What a person does who cannot sign in, or whose address is not confirmed yet: links by mail. A link is a random token
 * of which only the hash is kept; it works once, for the account that it was made for, and goes to the address that the
 * database has, whatever the request says. Beside the link that confirms an address stands a code (`mail-codes.ts`).
 */
export interface Recovery extends Verification {
  /** Sends a link to set a new password, if someone has this e-mail; says nothing either way. */
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
}

export interface RecoveryParts extends VerificationParts {
  passwords: Passwords
  passwordPolicy: PasswordPolicy
  /** Tells the owner that the password was changed. */
  tellChanged(user: User): Promise<void>
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
