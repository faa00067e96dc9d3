import type { Outbound } from '#http/outbound.ts'
import type { IdentityKey, IdentityProfile, SeenIdentity } from '#storage/identities.ts'

/** A provider as the hop needs it; one file a vendor. All that vendors do differently is in these functions. */
export interface Upstream {
  /** Where and how to ask; rejects with UpstreamFailure when that must be discovered first and cannot be. */
  ask(): Promise<Ask>
  /** The address to which the browser goes, in the vendor's dialect; OAuth 2.0's own when absent. */
  dialect?(address: URL): string
  /** Trades the code for tokens in the vendor's dialect; grant does it as OAuth 2.0 says when absent. */
  redeem?(code: string, redirectUri: string): Promise<Tokens>
  /** Who has arrived. Rejects with UpstreamFailure when the answer proves nothing. */
  identify(arrival: Arrival): Promise<SeenIdentity>
}

export interface Ask {
  authorizeUrl: string
  /** Absent with `redeem`. */
  tokenUrl?: string
  scope: string
  /** Whether the vendor takes PKCE (S256), and a nonce for its ID token. */
  pkce: boolean
  nonce: boolean
  /** Of the token request. */
  secret?: string
  /** More parameters of the authorize request. */
  parameters?: Record<string, string>
  /** RFC 9207: the issuer that the callback must name, when it names one; `isIssRequired` when it must. */
  issuer?: string
  isIssRequired?: boolean
}

export type Tokens = Record<string, unknown>

export interface Arrival {
  tokens: Tokens
  nonce: string | undefined
  /** Parameters of the callback. */
  callback: Readonly<Record<string, string>>
}

/** What a vendor's file is made of. */
export interface UpstreamParts {
  clientId: string
  clientSecret: string
  scopes: readonly string[] | undefined
  /** Addresses of the vendor's endpoints, when they are not the usual ones: a stand-in, a proxy, a private instance. */
  baseUrl: string | undefined
  apiBaseUrl: string | undefined
  issuer: string | undefined
  /** What only this kind has, by name. */
  options: Readonly<Record<string, string>>
  outbound: Outbound
  now(): number
}

/** Why no one arrived. `detail` is for the log: never a secret, a code or a token. */
export class UpstreamFailure extends Error {
  readonly reason: 'cancelled' | 'failed' | 'unavailable'
  constructor(reason: UpstreamFailure['reason'], detail: string, options?: ErrorOptions) {
    super(detail, options)
    this.name = 'UpstreamFailure'
    this.reason = reason
  }
}

export const failed = (detail: string, cause?: unknown): UpstreamFailure =>
  new UpstreamFailure('failed', detail, { cause })

/** JSON of any content type: some vendors send it as text. An answer of 5xx, or none, is `unavailable`. */
export async function askJson(
  outbound: Outbound,
  url: string | URL,
  init: Parameters<Outbound['fetch']>[1] = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const { host, pathname } = new URL(url)
  const place = host + pathname
  const answer = await outbound.fetch(url, init).catch((cause: unknown) => {
    throw new UpstreamFailure('unavailable', `${place} did not answer`, { cause })
  })
  const body = parse(await answer.text())
  if (answer.status >= 500)
    throw new UpstreamFailure('unavailable', `${place} answered ${answer.status}`)
  if (body === undefined) throw failed(`${place} answered ${answer.status} without JSON`)
  return { status: answer.status, body }
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** A non-empty text, or undefined. */
export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** The identity, when its subject is a text that can be one; else the answer proves nothing. */
export function seen(
  key: Omit<IdentityKey, 'subject'> & { subject: unknown },
  profile: IdentityProfile,
  unionId?: string,
): SeenIdentity {
  const subject = typeof key.subject === 'number' ? String(key.subject) : textOf(key.subject)
  if (subject === undefined || subject.length > 255 || subject.includes('\0'))
    throw failed('the answer names no one')
  return { ...key, subject, unionId, profile }
}
