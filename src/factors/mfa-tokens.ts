import type { Clock } from '#lib/clock.ts'
import { sha256 } from '#lib/hashing.ts'
import { newSecret } from '#lib/ids.ts'
import type { ArtifactStore } from '#storage/artifacts.ts'

/**
 * What an application gets for a right password when a second factor is due: a random token, good for five minutes and
 * one sign-in, of that person at that client. Kept as a hash; it goes with everything else of the account.
 */
export interface MfaTokens {
  issue(pending: PendingSignIn): Promise<string>
  /** Undefined when it is unknown, too old or spent. */
  find(token: string): Promise<PendingSignIn | undefined>
  /** Of any number of parallel calls exactly one resolves to true. */
  spend(token: string): Promise<boolean>
}

/** A sign-in as it stands after the first factor. */
export interface PendingSignIn {
  userId: string
  /** The account's sign-in epoch when the first factor was shown. */
  epoch: number
  clientId?: string | undefined
  resource?: string | undefined
  amr: string[]
  /** More for the audit log. */
  details?: Record<string, unknown> | undefined
}

export const mfaTokenSeconds = 300

export function createMfaTokens(artifacts: ArtifactStore, now: Clock): MfaTokens {
  return {
    async issue({ userId, epoch, ...rest }) {
      const token = newSecret()
      await artifacts.put('MfaToken', sha256(token), {
        payload: JSON.stringify(rest),
        accountId: userId,
        epoch,
        clientId: rest.clientId,
        expiresAt: now() + mfaTokenSeconds * 1000,
      })
      return token
    },
    async find(token) {
      const stored = await artifacts.find('MfaToken', sha256(token))
      if (stored?.accountId === undefined || stored.consumedAt !== undefined) return undefined
      const { accountId: userId, epoch = 0 } = stored
      const rest = JSON.parse(stored.payload) as Omit<PendingSignIn, 'userId' | 'epoch'>
      return { userId, epoch, ...rest }
    },
    spend: (token) => artifacts.consume('MfaToken', sha256(token)),
  }
}
