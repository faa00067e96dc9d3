import { randomInt } from 'node:crypto'
import type { Clock } from '#lib/clock.ts'
import { sha256 } from '#lib/hashing.ts'
import { newSecret } from '#lib/ids.ts'
import { createMac } from '#lib/sealing.ts'
import { isActive } from '#storage/active.ts'
import type { ArtifactStore } from '#storage/artifacts.ts'
import type { LimitStore } from '#storage/limits.ts'
import type { UserStore } from '#storage/users.ts'

/**
 * Sign-in by a mail: six digits to type, or a link. Both belong to the browser that asked (to `binding`, which no one else
 * has), live ten minutes and are spent together by the first good use; five wrong codes end them. Only a confirmed address
 * gets a mail: anyone who has registered someone else's must not share an account with its owner. An unknown address costs the
 * same queries and leaves the same record, which nothing opens.
 */
export interface MailSignIn {
  /** Has the mail sent; an earlier one of this binding stops working. */
  begin(binding: string, email: string, locale: string): Promise<void>
  /** Whose it is, and their sign-in epoch when they asked; undefined when the code or the link is not the right one, or no longer. */
  finish(binding: string, shown: Shown): Promise<{ userId: string; epoch: number } | undefined>
}

export type Shown = { code: string } | { token: string }

export type MailSignInMode = 'off' | 'code' | 'link' | 'both'

export interface MailSignInParts {
  artifacts: ArtifactStore
  users: Pick<UserStore, 'findByIdentifier' | 'findById'>
  limits: LimitStore
  /** Newest first. */
  secrets: readonly string[]
  /** Whether one more mail may go to this address now. */
  maySend(email: string): Promise<boolean>
  /** Has the mail sent, not now; without a user none, at the same cost. */
  sendLater(mail: SignInMail): Promise<void>
  now: Clock
}

export interface SignInMail {
  userId?: string | undefined
  code: string
  token: string
  binding: string
  locale: string
}

interface Payload {
  code: string
  token: string
  /** The address that the mail went to. */
  email: string
}

const lifeMs = 10 * 60_000
const maxTries = 5

export function createMailSignIn(parts: MailSignInParts): MailSignIn {
  const { artifacts, users, limits, now } = parts
  const mac = createMac(parts.secrets, 'mail-sign-in')

  return {
    async begin(binding, email, locale) {
      const key = sha256(binding)
      const [user, mayGo] = await Promise.all([users.findByIdentifier(email), parts.maySend(email)])
      const isTheirs = isActive(user) && user.emailVerified && mayGo
      const code = String(randomInt(1_000_000)).padStart(6, '0')
      const token = newSecret()
      const payload = {
        code: mac.make(`${key}:${code}`),
        token: mac.make(`${key}:${token}`),
        email: sha256(email.toLowerCase()),
      }
      await artifacts.remove('MailSignIn', key)
      await artifacts.put('MailSignIn', key, {
        payload: JSON.stringify(payload satisfies Payload),
        ...(isTheirs && { accountId: user.id, epoch: user.signInEpoch }),
        expiresAt: now() + lifeMs,
      })
      await limits.reset(`mail-code:${key}`)
      await parts.sendLater({ ...(isTheirs && { userId: user.id }), code, token, binding, locale })
    },
    async finish(binding, shown) {
      const key = sha256(binding)
      // Counted before it is looked at; a link is too long to be guessed.
      const isOpen =
        'token' in shown || (await limits.hit(`mail-code:${key}`, lifeMs)).count <= maxTries
      const stored = await artifacts.find('MailSignIn', key)
      if (!isOpen || stored?.accountId === undefined || stored.epoch === undefined) return undefined
      const kept = JSON.parse(stored.payload) as Payload
      const [expected, given] =
        'token' in shown ? [kept.token, shown.token] : [kept.code, shown.code.replaceAll(/\s/g, '')]
      if (!mac.fits(`${key}:${given}`, expected)) return undefined
      const user = await users.findById(stored.accountId)
      if (user?.email === undefined || sha256(user.email.toLowerCase()) !== kept.email)
        return undefined
      const { accountId: userId, epoch } = stored
      return (await artifacts.consume('MailSignIn', key)) ? { userId, epoch } : undefined
    },
  }
}
