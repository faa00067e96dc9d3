import { createHmac, randomInt } from 'node:crypto'
import { deriveKey } from '#lib/sealing.ts'
import type { FactorStore } from '#storage/factors.ts'
import type { User } from '#storage/users.ts'
import type { Attempt, Outcome } from './attempts.ts'

/**
 * Ten codes for the day when the phone is gone: 60 random bits each, in letters and digits that nobody confuses. Shown
 * once; kept as keyed hashes, bound to their owner; each is good once, and a new set takes the place of the old one.
 */
export interface RecoveryCodes {
  make(user: Pick<User, 'id' | 'signInEpoch'>): Promise<string[]>
  verify(userId: string, code: string): Promise<Outcome>
}

export interface RecoveryCodesParts {
  store: FactorStore
  attempt: Attempt
  /** Newest first. */
  secrets: readonly string[]
}

/** Crockford's base 32: no i, l, o, u. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const count = 10

export function createRecoveryCodes({
  store,
  attempt,
  secrets,
}: RecoveryCodesParts): RecoveryCodes {
  const keys = secrets.map((secret) => deriveKey(secret, 'recovery-codes'))
  const hashWith = (key: Buffer, userId: string, code: string): string =>
    createHmac('sha256', key).update(`${userId}:${code}`).digest('base64url')

  return {
    async make({ id: userId, signInEpoch: epoch }) {
      const codes = Array.from({ length: count }, newCode)
      await store.replaceRecoveryCodes(
        userId,
        codes.map((code) => hashWith(keys[0]!, userId, normal(code))),
        epoch,
      )
      return codes
    },
    verify: (userId, given) =>
      attempt(`recovery:${userId}`, async () => {
        const code = normal(given)
        if (code.length !== 12) return false
        for (const key of keys)
          if (await store.useRecoveryCode(userId, hashWith(key, userId, code))) return true
        return false
      }),
  }
}

function newCode(): string {
  const letters = Array.from({ length: 12 }, () => alphabet[randomInt(alphabet.length)])
  return [0, 4, 8].map((at) => letters.slice(at, at + 4).join('')).join('-')
}

/** As somebody may have written it down. */
const normal = (code: string): string =>
  code
    .toLowerCase()
    .replaceAll('o', '0')
    .replaceAll(/[il]/g, '1')
    .replaceAll(/[^0-9a-z]/g, '')
