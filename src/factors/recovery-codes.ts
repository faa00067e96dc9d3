import { randomInt, scrypt as scryptWithCallback } from 'node:crypto'
import { promisify } from 'node:util'
import type { FactorStore } from '#storage/factors.ts'
import type { User } from '#storage/users.ts'
import type { Attempt, Outcome } from './attempts.ts'

/**
 * Ten codes for the day when the phone is gone: 60 random bits each, in letters and digits that no one confuses. Shown
 * once; kept as slow hashes, bound to their owner; each is good once, and a new set takes the place of the old one.
 *
 * The hash has no key: people keep codes for years, and a change of SECRET_KEY must not invalidate them. 60 bits at some
 * 30 ms a guess cannot be searched.
 */
export interface RecoveryCodes {
  make(user: Pick<User, 'id' | 'signInEpoch'>): Promise<string[]>
  verify(userId: string, code: string): Promise<Outcome>
}

export interface RecoveryCodesParts {
  store: FactorStore
  attempt: Attempt
}

/** Crockford's base 32: no i, l, o, u. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const count = 10

const scrypt: (password: string, salt: string, bytes: number) => Promise<Buffer> =
  promisify(scryptWithCallback)

/** With Node's own costs: 16 MiB (N = 2^14, r = 8, p = 1). */
const hashOf = async (userId: string, code: string): Promise<string> =>
  (await scrypt(code, `recovery:${userId}`, 32)).toString('base64url')

export function createRecoveryCodes({ store, attempt }: RecoveryCodesParts): RecoveryCodes {
  return {
    async make({ id: userId, signInEpoch: epoch }) {
      const codes = Array.from({ length: count }, newCode)
      // One at a time: ten at once would take every thread from the sign-ins.
      const hashes: string[] = []
      for (const code of codes) hashes.push(await hashOf(userId, normal(code)))
      await store.replaceRecoveryCodes(userId, hashes, epoch)
      return codes
    },
    verify: (userId, given) =>
      attempt(`recovery:${userId}`, async () => {
        const code = normal(given)
        return code.length === 12 && store.useRecoveryCode(userId, await hashOf(userId, code))
      }),
  }
}

function newCode(): string {
  const letters = Array.from({ length: 12 }, () => alphabet[randomInt(alphabet.length)])
  return [0, 4, 8].map((at) => letters.slice(at, at + 4).join('')).join('-')
}

/** As someone may have written it down. */
const normal = (code: string): string =>
  code
    .toLowerCase()
    .replaceAll('o', '0')
    .replaceAll(/[il]/g, '1')
    .replaceAll(/[^0-9a-z]/g, '')
