import { AppError } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import type { LimitStore } from '#storage/limits.ts'
import { addressCounters, countInOrder, isWithin } from './address-counters.ts'
import { createTries } from './tries.ts'
import { createTurns } from './turns.ts'

/**
 * How often a password may be wrong before the door stays shut for `lockMs`: `failures` times for one account from one
 * address, four times as often for one account from anywhere (or a stranger could lock people out with five guesses) and
 * for one address (people share them), whatever the accounts. A try is counted before it is looked at and taken back when
 * it was right, so that parallel guesses cannot exceed the limit. An unknown account is counted like a known one, and
 * a locked account gets the same answer as a wrong password.
 *
 * E-mail and username of an account share its counter. At the address a right password takes back its own try only;
 * otherwise an attacker could clear the counter with an account of their own between guesses at others.
 *
 * Parallel tries that are all right must not shut each other out while they are counted: in one process those of a name
 * from one address are looked at one after another, and those of one address half as many at a time as it may fail. A try
 * that is refused does not wait.
 */
export interface LoginLimits {
  /**
   * Looks at a try. A good one forgets the failures of the account from this address and is taken back elsewhere. Rejects
   * with `busy` when too many wait for their turn.
   */
  judge<U extends { id: string }, T>(attempt: LoginAttempt<U, T>): Promise<T | undefined>
}

export interface LoginAttempt<U, T> {
  /**
   * What was typed. Turns are taken by this and not by account: otherwise waiting times would tell which names belong to the
   * same one.
   */
  identifier: string
  address: string
  /** Whose account it is. */
  find(): Promise<U | undefined>
  /** Resolves to undefined when the try was wrong. With `isOpen` false the result is ignored. */
  look(user: U | undefined, isOpen: boolean): Promise<T | undefined>
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
  const tries = createTries(limits, lockMs)
  const sizeOfAddress = Math.ceil((failures * shared) / 2)

  return {
    async judge({ identifier, address, find, look }) {
      if (failures === 0) return look(await find(), true)
      const name = identifier.trim().normalize('NFKC').toLowerCase()
      const networks = addressCounters('login:address', address, failures * shared)
      const { key: from } = networks[0]!

      const turn = await turns.take({ key: `${from} ${name}`, size: 1 }, () =>
        turns.take({ key: from, size: sizeOfAddress }, async () => {
          const user = await find()
          const account = user ? `id:${user.id}` : `name:${name}`
          const pair = { key: `login:pair:${account} ${from}`, max: failures }
          const everywhere = { key: `login:account:${account}`, max: failures * shared }
          const { isOpen, takeBack } = await tries.count([[pair], [everywhere], networks])
          if (!isOpen) return { isOpen, user }
          try {
            const found = await look(user, true)
            if (found !== undefined) await takeBack(pair.key)
            return { isOpen, found }
          } catch (error) {
            // No one looked: a server that was busy must not lock people out.
            await takeBack()
            throw error
          }
        }),
      )
      if (turn.isOpen) return turn.found
      await look(turn.user, false)
      return undefined
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
    { name: 'hour', ms: hourMs, max: perHour },
  ].filter(({ max }) => max > 0)
  return {
    async count(address) {
      const states = await Promise.all(
        spans.map(({ name, ms, max }) =>
          countInOrder(addressCounters(`requests:${name}`, address, max), (key) =>
            limits.hit(key, ms),
          ),
        ),
      )
      const [tightest] = states
        .flat()
        .map(({ count, max, resetAt }) => ({
          max,
          remaining: max - count,
          reset: Math.max(1, Math.ceil((resetAt - now()) / 1000)),
        }))
        .toSorted((a, b) => a.remaining - b.remaining)
      if (!tightest) return {}
      const headers = {
        'RateLimit-Limit': String(tightest.max),
        'RateLimit-Remaining': String(Math.max(0, tightest.remaining)),
        'RateLimit-Reset': String(tightest.reset),
      }
      if (tightest.remaining >= 0) return headers
      throw new AppError('too_many_requests', {
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
  const hit = (key: string) => limits.hit(key, hourMs)
  return {
    async maySend(to, from) {
      // The address first: who has used up their own may not use up the recipient's too.
      const counters = [
        ...(from === undefined ? [] : addressCounters('mail-from', from, perAddress)),
        { key: `mail:${to.toLowerCase()}`, max: perRecipient },
      ]
      return (await countInOrder(counters, hit)).every(isWithin)
    },
  }
}
