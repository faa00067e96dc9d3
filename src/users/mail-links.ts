import { AppError } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import { sha256 } from '#lib/hashing.ts'
import { newSecret } from '#lib/ids.ts'
import type { ArtifactStore } from '#storage/artifacts.ts'
import type { User, UserStore } from '#storage/users.ts'

/** Tokens of links in mails: random, kept only as a hash, good once, for one account and the address that they went to. */
export interface MailLinks {
  /** A new token for this account and its address; an earlier one of the same kind stops working. */
  make(kind: LinkKind, user: User, lifeMs: number): Promise<string>
  /** What the token is for. It is not spent, which `SignInStore.end` or `spend` does. Rejects with `invalid_token`. */
  look(kind: LinkKind, token: string): Promise<MailLink>
  /** Rejects with `invalid_token` for all but one of many calls at once. */
  spend(link: MailLink): Promise<void>
}

export interface MailLink {
  model: LinkKind
  key: string
  user: User
  /** The address that it was sent to. */
  email: string
}

type LinkKind = 'PasswordReset' | 'EmailVerification'

export interface MailLinksParts {
  users: Pick<UserStore, 'findById'>
  artifacts: ArtifactStore
  now: Clock
}

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

export function createMailLinks({ users, artifacts, now }: MailLinksParts): MailLinks {
  return {
    async make(kind, user, lifeMs) {
      const token = newSecret()
      await artifacts.removeByAccount(user.id, [kind])
      const payload = JSON.stringify({ email: user.email })
      await artifacts.put(kind, sha256(token), {
        payload,
        accountId: user.id,
        expiresAt: now() + lifeMs,
      })
      return token
    },
    async look(model, token) {
      const key = sha256(token)
      const stored = await artifacts.find(model, key)
      const user = stored?.accountId && (await users.findById(stored.accountId))
      if (!user || stored.consumedAt !== undefined) throw invalidToken()
      const { email } = JSON.parse(stored.payload) as { email: string }
      return { model, key, user, email }
    },
    async spend({ model, key }) {
      if (!(await artifacts.consume(model, key))) throw invalidToken()
    },
  }
}

export const invalidToken = (): AppError => new AppError('invalid_token')
