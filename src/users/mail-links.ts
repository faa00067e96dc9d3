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
  /** The account of the token and the address that it was sent to. The token is spent. Rejects with `invalid_token`. */
  spend(kind: LinkKind, token: string): Promise<{ user: User; email: string }>
}

type LinkKind = 'PasswordReset' | 'EmailVerification'

export interface MailLinksParts {
  users: Pick<UserStore, 'findById'>
  artifacts: ArtifactStore
  now: Clock
}

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
    async spend(kind, token) {
      const key = sha256(token)
      const stored = await artifacts.find(kind, key)
      const user = stored?.accountId && (await users.findById(stored.accountId))
      if (!stored || !user || !(await artifacts.consume(kind, key)))
        throw new AppError('invalid_token', 400)
      const { email } = JSON.parse(stored.payload) as { email: string }
      return { user, email }
    },
  }
}
