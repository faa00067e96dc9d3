import { AppError } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import { sha256 } from '#lib/hashing.ts'
import { newSecret } from '#lib/ids.ts'
import type { ArtifactStore } from '#storage/artifacts.ts'
import type { User, UserStore } from '#storage/users.ts'
import type { PasswordPolicy, PasswordProblem } from './password-policy.ts'
import type { Passwords } from './passwords.ts'

/**
 * What a person does who cannot sign in, or whose address is not confirmed yet: links by mail. A link is a random token
 * of which only the hash is kept; it works once, for the account that it was made for, and goes to the address that the
 * database has, whatever the request says.
 */
export interface Recovery {
  /** Sends a link to set a new password, if somebody has this e-mail; says nothing either way. */
  forgotPassword(email: string, locale: string): Promise<void>
  /**
   * Sets the password of the account that the token was made for, confirms its address (whoever reads its mail has the
   * link) and ends every session and token of it. Rejects with `invalid_token` when the token is unknown, used or too old.
   */
  resetPassword(
    token: string,
    password: string,
  ): Promise<{ user: User } | { problem: PasswordProblem }>
  /** Sends a link and a code to confirm the address, if somebody has it and it is not confirmed. */
  requestVerification(email: string, locale: string): Promise<void>
  /** Confirms the address that the token was sent to. Rejects with `invalid_token` likewise, or when the address was changed since. */
  verifyEmail(token: string): Promise<User>
}

/** Sends one of our messages; `link` is a page of ours with the token. */
export type SendLink = (
  name: 'resetPassword' | 'verifyEmail',
  message: { to: string; token: string; locale: string },
) => Promise<void>

export interface RecoveryParts {
  users: UserStore
  artifacts: ArtifactStore
  passwords: Passwords
  passwordPolicy: PasswordPolicy
  sendLink: SendLink
  /** Tells the owner that the password was changed. */
  tellChanged(user: User): Promise<void>
  /** Whether one more mail may go to this address now. */
  maySend(email: string): Promise<boolean>
  now: Clock
}

const resetMs = 30 * 60_000
const verifyMs = 24 * 60 * 60_000

export function createRecovery(parts: RecoveryParts): Recovery {
  const { users, artifacts, now } = parts

  /** A new token for this account and address; an earlier one of the same kind stops working. */
  const makeToken = async (model: Kind, user: User, lifeMs: number): Promise<string> => {
    const token = newSecret()
    await artifacts.removeByAccount(user.id, [model])
    const payload = JSON.stringify({ email: user.email })
    await artifacts.put(model, sha256(token), {
      payload,
      accountId: user.id,
      expiresAt: now() + lifeMs,
    })
    return token
  }
  /** The account of the token and the address that it was sent to. The token is spent. */
  const spend = async (model: Kind, token: string): Promise<{ user: User; email: string }> => {
    const key = sha256(token)
    const stored = await artifacts.find(model, key)
    const user = stored?.accountId && (await users.findById(stored.accountId))
    if (!stored || !user || !(await artifacts.consume(model, key)))
      throw new AppError('invalid_token', 400)
    const { email } = JSON.parse(stored.payload) as { email: string }
    return { user, email }
  }

  return {
    async forgotPassword(email, locale) {
      const user = await users.findByIdentifier(email.trim())
      if (user?.email === undefined || user.bannedAt || !(await parts.maySend(user.email))) return
      const token = await makeToken('PasswordReset', user, resetMs)
      await parts.sendLink('resetPassword', {
        to: user.email,
        token,
        locale: user.locale ?? locale,
      })
    },
    async resetPassword(token, password) {
      const problem = await parts.passwordPolicy(password)
      if (problem) return { problem }
      const hash = await parts.passwords.hash(password)
      const { user, email } = await spend('PasswordReset', token)
      await users.setPasswordHash(user.id, hash)
      if (user.email === email && !user.emailVerified)
        await users.update(user.id, { emailVerified: true })
      await artifacts.removeByAccount(user.id)
      await parts.tellChanged(user)
      return { user }
    },
    async requestVerification(email, locale) {
      const user = await users.findByIdentifier(email.trim())
      if (user?.email === undefined || user.emailVerified || !(await parts.maySend(user.email)))
        return
      const token = await makeToken('EmailVerification', user, verifyMs)
      await parts.sendLink('verifyEmail', { to: user.email, token, locale: user.locale ?? locale })
    },
    async verifyEmail(token) {
      const { user, email } = await spend('EmailVerification', token)
      if (user.email !== email) throw new AppError('invalid_token', 400)
      return (await users.update(user.id, { emailVerified: true })) ?? user
    },
  }
}

type Kind = 'PasswordReset' | 'EmailVerification'
