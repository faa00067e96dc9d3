import { AppError } from '#lib/app-error.ts'
import { sha256 } from '#lib/hashing.ts'
import type { Clock } from '#lib/clock.ts'
import type { LimitStore } from '#storage/limits.ts'
import { createTurns } from './turns.ts'

/**
 * How often a password may be wrong before the door stays shut for `lockMs`: `failures` times for one account from one
 * address, four times as often for one account from anywhere (or a stranger could lock people out with five guesses) and
 * for one address (people share them). A try is counted before it is looked at and taken back when it was right, so that
 * parallel guesses cannot exceed the limit. An unknown account is counted like a known one, and whoever is locked out
 * sees what whoever is wrong sees.
 *
 * Parallel tries that are all right must not shut each other out while they are counted: in one process those of an
 * account from one address are looked at one after another, and those of one address half as many at a time as it may
 * fail. A try that is refused waits for nobody.
 */
export interface LoginLimits {
  /**
   * Looks at a try: `look` is told whether it may, and resolves to undefined when the try was wrong. A good one forgets
   * the failures of the account from this address and is taken back elsewhere; when it was not allowed, what `look` says
   * does not count. Rejects with `busy` when too many wait for their turn.
   */
  judge<T>(
    attempt: LoginAttempt,
    look: (isOpen: boolean) => Promise<T | undefined>,
  ): Promise<T | undefined>
}

export interface LoginAttempt {
  identifier: string
  address: string
}

export interface LoginLimitsParts {
  limits: LimitStore
  /** 0: no limit. */
  failures: number
  lockMs: number
  /** How many tries may wait for their turn. */
  waitingMax: number
}

const shared = 4
const hourMs = 3_600_000

export function createLoginLimits(parts: LoginLimitsParts): LoginLimits {
  const { limits, failures, lockMs } = parts
  const turns = createTurns(parts.waitingMax)
  const sizeOfAddress = Math.ceil((failures * shared) / 2)

  const isOpen = async (counters: Counters): Promise<boolean> => {
    const all = Object.values(counters)
    const hits = await Promise.all(all.map(({ key }) => limits.hit(key, lockMs)))
    return hits.every(({ count }, index) => count <= all[index]!.max)
  }
  const succeed = ({ account, pair, address }: Counters): Promise<unknown> =>
    Promise.all([limits.reset(pair.key), limits.release(account.key), limits.release(address.key)])
  const takeBack = (counters: Counters): Promise<unknown> =>
    Promise.allSettled(Object.values(counters).map(({ key }) => limits.release(key)))

  return {
    async judge(attempt, look) {
      if (failures === 0) return look(true)
      const counters = countersOf(attempt, failures)
      const turn = await turns.take({ key: counters.pair.key, size: 1 }, () =>
        turns.take({ key: counters.address.key, size: sizeOfAddress }, async () => {
          if (!(await isOpen(counters))) return { isOpen: false as const }
          try {
            const found = await look(true)
            if (found !== undefined) await succeed(counters)
            return { isOpen: true as const, found }
          } catch (error) {
            // Nobody looked: a server that was busy must not lock people out.
            await takeBack(counters)
            throw error
          }
        }),
      )
      if (turn.isOpen) return turn.found
      await look(false)
      return undefined
    },
  }
}

type Counters = Record<'account' | 'pair' | 'address', { key: string; max: number }>

function countersOf({ identifier, address }: LoginAttempt, failures: number): Counters {
  const account = sha256(identifier.trim().normalize('NFKC').toLowerCase())
  return {
    account: { key: `login:account:${account}`, max: failures * shared },
    pair: { key: `login:pair:${account}:${sha256(address)}`, max: failures },
    address: { key: `login:address:${sha256(address)}`, max: failures * shared },
  }
}

/** Requests of one address on the sign-in routes: so many a minute and so many an hour. */
export interface RequestLimits {
  /** Counts the request. Resolves to the headers of its answer; rejects with 429 when it was one too many. */
  count(address: string): Promise<Record<string, string>>
}

export interface RequestLimitsParts {
  limits: LimitStore
  perMinute: number
  perHour: number
  now: Clock
}

export function createRequestLimits({
  limits,
  perMinute,
  perHour,
  now,
}: RequestLimitsParts): RequestLimits {
  const spans = [
    { name: 'minute', ms: 60_000, max: perMinute },
    { name: 'hour', ms: hourMs, max: perHour },
  ].filter(({ max }) => max > 0)
  return {
    async count(address) {
      const states = await Promise.all(
        spans.map(async ({ name, ms, max }) => {
          const { count, resetAt } = await limits.hit(`requests:${name}:${sha256(address)}`, ms)
          return {
            max,
            remaining: max - count,
            reset: Math.max(1, Math.ceil((resetAt - now()) / 1000)),
          }
        }),
      )
      const [tightest] = states.toSorted((a, b) => a.remaining - b.remaining)
      if (!tightest) return {}
      const headers = {
        'RateLimit-Limit': String(tightest.max),
        'RateLimit-Remaining': String(Math.max(0, tightest.remaining)),
        'RateLimit-Reset': String(tightest.reset),
      }
      if (tightest.remaining >= 0) return headers
      throw new AppError('too_many_requests', 429, {
        headers: { ...headers, 'Retry-After': String(tightest.reset) },
      })
    },
  }
}

/** Mails that strangers can cause: so many an hour to one recipient, and from one address. */
export interface MailLimits {
  /** Counts the mail; resolves to whether it may be sent. A mail without `from` was not caused by a stranger. */
  maySend(to: string, from?: string): Promise<boolean>
}

export interface MailLimitsParts {
  limits: LimitStore
  perRecipient: number
  perAddress: number
}

export function createMailLimits({
  limits,
  perRecipient,
  perAddress,
}: MailLimitsParts): MailLimits {
  const hits = async (key: string): Promise<number> => (await limits.hit(key, hourMs)).count
  return {
    async maySend(to, from) {
      // The address first: who has used up their own may not use up the recipient's too.
      if (from !== undefined && (await hits(`mail-from:${sha256(from)}`)) > perAddress) return false
      return (await hits(`mail:${sha256(to.toLowerCase())}`)) <= perRecipient
    },
  }
}
