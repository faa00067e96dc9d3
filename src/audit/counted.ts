import type { NewAuditEvent } from './recorder.ts'

/** What of the audit log is counted, by the day and for /metrics. */
export type Counted =
  | { what: 'login'; outcome: 'succeeded' | 'failed' }
  | { what: 'token'; grantType: string }
  | { what: 'registration' }

export function countedAs({ type, details }: NewAuditEvent): Counted | undefined {
  if (type === 'login.succeeded') return { what: 'login', outcome: 'succeeded' }
  if (type === 'login.failed') return { what: 'login', outcome: 'failed' }
  if (type === 'user.registered') return { what: 'registration' }
  if (type !== 'token.issued') return undefined
  // Tokens are issued for grant types that are registered: there are a few.
  const grantType = details?.['grant_type']
  return { what: 'token', grantType: typeof grantType === 'string' ? grantType : 'unknown' }
}

const tokenPrefix = 'token.issued:'

/** The name of the day's counter. */
export function counterName(counted: Counted): string {
  if (counted.what === 'login') return `login.${counted.outcome}`
  if (counted.what === 'token') return tokenPrefix + counted.grantType
  return 'user.registered'
}

/** The grant type of a day's counter of tokens; undefined for another counter. */
export const grantTypeOf = (name: string): string | undefined =>
  name.startsWith(tokenPrefix) ? name.slice(tokenPrefix.length) : undefined

/** Anyone who signed in or got a token was active; a client that acts for itself is no one. */
export function activeUserOf({ type, actor }: NewAuditEvent): string | undefined {
  const shows = type === 'login.succeeded' || type === 'token.issued'
  return shows && actor !== undefined && !actor.startsWith('client:') ? actor : undefined
}
