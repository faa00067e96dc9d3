import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { GetJson } from '#http/outbound.ts'
import { busy } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'

/**
 * The keys of an issuer, from its JWKS address. They are fetched when the first token needs them, again after 15 minutes,
 * and at once when a token names a key that is not among them, but whatever comes and however the issuer answers, no
 * sooner than 30 seconds after the last try: strangers cannot make us flood an issuer. Callers at one moment share one
 * fetch. While the issuer is away its last keys stay good for a day; a key that it has withdrawn since does too.
 *
 * jose's own `createRemoteJWKSet` has neither the pause after a failure nor the stale keys.
 */
export interface IssuerKeysParts {
  jwksUri: string
  getJson: GetJson
  now: Clock
  /** Called when a fetch fails. */
  onError(error: unknown): void
}

export const freshMs = 15 * 60_000
export const pauseMs = 30_000
export const staleMs = 24 * 3_600_000

/** Finds the key of a token. Rejects as jose does when there is none such, and with 503 when the issuer cannot be asked. */
export function createIssuerKeys(parts: IssuerKeysParts): JWTVerifyGetKey {
  const { now } = parts
  let known: { find: ReturnType<typeof createLocalJWKSet>; at: number } | undefined
  let triedAt = -Infinity
  let pending: Promise<void> | undefined

  const fetchKeys = async (): Promise<void> => {
    try {
      const keys = (await parts.getJson(parts.jwksUri)) as JSONWebKeySet
      known = { find: createLocalJWKSet(keys), at: now() }
    } catch (error) {
      parts.onError(error)
    }
  }
  /** Fetches, waits for the fetch that is under way, or does nothing because the last try was a moment ago. */
  const refresh = async (): Promise<void> => {
    if (!pending && now() - triedAt >= pauseMs) {
      triedAt = now()
      pending = fetchKeys().finally(() => (pending = undefined))
    }
    await pending
  }
  const age = (): number => now() - (known?.at ?? -Infinity)
  const isAway = (): boolean => (known?.at ?? -Infinity) < triedAt

  return async (header, token) => {
    if (age() >= freshMs) await refresh()
    if (!known || age() >= staleMs) throw unavailable()
    const key = await known.find(header, token).catch(noneSuch)
    if (key) return key
    await refresh()
    const found = await known.find(header, token).catch(noneSuch)
    if (found) return found
    // It may be a new key of an issuer that cannot tell us.
    throw isAway() ? unavailable() : new errors.JWKSNoMatchingKey()
  }
}

const unavailable = () => busy(pauseMs / 1000)

function noneSuch(error: unknown): undefined {
  if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
}
