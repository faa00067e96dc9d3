import type { LimitStore } from '#storage/limits.ts'

/**
 * How often a code may be wrong: five times, then that one kind of that one person waits, 15 minutes from the first.
 * Others of theirs, and the password, go on. A try is counted before it is looked at, in the store that all processes
 * share, so that parallel guesses cannot exceed the limit; a right one forgets the failures.
 *
 * Not for passkeys: no one guesses a signature, and anyone who knows a password must not be able to lock a passkey.
 */
export type Attempt = (what: string, check: () => Promise<boolean>) => Promise<Outcome>

export type Outcome = 'accepted' | 'wrong' | 'wait'

export const maxFailures = 5
export const waitMs = 15 * 60_000

export function createAttempt(limits: LimitStore): Attempt {
  return async (what, check) => {
    const key = `factor:${what}`
    const { count } = await limits.hit(key, waitMs)
    if (count > maxFailures) return 'wait'
    if (!(await check())) return 'wrong'
    await limits.reset(key)
    return 'accepted'
  }
}
