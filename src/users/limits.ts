import { AppError } from '#lib/app-error.ts'
import { sha256 } from '#lib/hashing.ts'
import type { Clock } from '#lib/clock.ts'
import type { LimitStore } from '#storage/limits.ts'

/**
 * How often a password may be wrong before the door stays shut for `lockMs`: `failures` times for one account from one
 * address, four times as often for one account from anywhere (or a stranger could lock people out with five guesses) and
 * for one address (people share them). A try is counted before it is looked at and taken back when it was right, so that
 * parallel guesses cannot exceed the limit. An unknown account is counted like a known one, and whoever is locked out
 * sees what whoever is wrong sees.
 */
export interface LoginLimits {
  /** Resolves to whether the try may be looked at. */
  begin(attempt: LoginAttempt): Promise<boolean>
  /** The try was a good one: forgets the failures of the account from this address, takes the try back elsewhere. */
  succeed(attempt: LoginAttempt): Promise<void>
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
}

const shared = 4

export function createLoginLimits({ limits, failures, lockMs }: LoginLimitsParts): LoginLimits {
  const counters = ({ identifier, address }: LoginAttempt) => {
    const account = sha256(identifier.trim().normalize('NFKC').toLowerCase())
    return {
      account: { key: `login:account:${account}`, max: failures * shared },
      pair: { key: `login:pair:${account}:${sha256(address)}`, max: failures },
      address: { key: `login:address:${sha256(address)}`, max: failures * shared },
    }
  }
  return {
    async begin(attempt) {
      if (failures === 0) return true
      const all = Object.values(counters(attempt))
      const hits = await Promise.all(all.map(({ key }) => limits.hit(key, lockMs)))
      return hits.every(({ count }, index) => count <= all[index]!.max)
    },
    async succeed(attempt) {
      if (failures === 0) return
      const { account, pair, address } = counters(attempt)
      await Promise.all([
        limits.reset(pair.key),
        limits.release(account.key),
        limits.release(address.key),
      ])
    },
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
    { name: 'hour', ms: 3_600_000, max: perHour },
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
