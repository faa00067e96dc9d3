import {
  decodeJwt,
  decodeProtectedHeader,
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
} from 'jose'
import type { TrustedIssuer } from '#config/issuer-entry.ts'
import type { GetJson } from '#http/outbound.ts'
import { AppError } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import type { SeenIdentity } from '#storage/identities.ts'
import { claimOf, isAnonymous, seenOf } from './claims.ts'
import { createIssuerKeys } from './issuer-keys.ts'

/** JWTs of other providers: whether one is good, and whom it is about. */
export interface ForeignTokens {
  /** Rejects with 503 when the issuer's keys are needed and cannot be had. */
  verify(token: string): Promise<ForeignPerson | Refused>
}

export interface ForeignPerson {
  issuer: TrustedIssuer
  seen: SeenIdentity
  /** Supabase and Firebase give tokens to people who have not said who they are. */
  isAnonymous: boolean
}

/** Why not: a sentence for the developer of the client, in the letters that RFC 6749 §5.2 allows. */
export interface Refused {
  refused: string
}

export interface ForeignTokensParts {
  issuers: readonly TrustedIssuer[]
  getJson: GetJson
  now: Clock
  /** Called when an issuer's keys could not be fetched. */
  onError(error: unknown, issuer: string): void
}

type Judge = TrustedIssuer & { key: JWTVerifyGetKey }

/** Seconds that an issuer's clock may differ from ours. */
const skew = 30
const maxLength = 16_384

export function createForeignTokens(parts: ForeignTokensParts): ForeignTokens {
  const judges = parts.issuers.map((issuer): Judge => ({ ...issuer, key: keyOf(issuer, parts) }))
  return {
    async verify(token) {
      const judge = judgeOf(judges, token)
      if ('refused' in judge) return judge
      const now = parts.now()
      const signed = await verified(token, judge, now)
      if ('refused' in signed) return signed
      const { payload } = signed
      const problem = problemOf(payload, judge, now)
      if (problem !== undefined) return { refused: problem }
      const seen = seenOf(payload, judge)
      return seen
        ? { issuer: judge, seen, isAnonymous: isAnonymous(payload) }
        : { refused: 'the token has no subject of 1 to 255 characters' }
    },
  }
}

function keyOf({ keys, issuer }: TrustedIssuer, parts: ForeignTokensParts): JWTVerifyGetKey {
  if ('jwksUri' in keys)
    return createIssuerKeys({ ...parts, ...keys, onError: (error) => parts.onError(error, issuer) })
  const key = 'secret' in keys ? new TextEncoder().encode(keys.secret) : keys.publicKey
  return () => key
}

/** The entry that the token is to be judged by, from what it says of itself; nothing is believed yet. */
function judgeOf(judges: readonly Judge[], token: string): Judge | Refused {
  const said = token.length > maxLength ? undefined : read(token)
  if (!said) return { refused: 'the token is not a JWT' }
  const { header, payload } = said
  // An access token (RFC 9068), a logout token or an assertion is no statement of who someone is.
  if (header.typ !== undefined && !/^(application\/)?jwt$/i.test(header.typ))
    return { refused: 'the token is of another type than JWT' }
  const ofIssuer = judges.filter(({ issuer }) => issuer === payload.iss)
  if (ofIssuer.length === 0) return { refused: 'the issuer is not trusted' }
  const audiences = [payload.aud].flat()
  const ofAudience = ofIssuer.filter(({ audience }) => audiences.includes(audience))
  if (ofAudience.length === 0) return { refused: 'the token is for another audience' }
  const judge = ofAudience.find(({ algorithms }) => algorithms.includes(String(header.alg)))
  return judge ?? { refused: 'the token is signed with another algorithm' }
}

function read(token: string) {
  try {
    return { header: decodeProtectedHeader(token), payload: decodeJwt(token) }
  } catch {
    return undefined
  }
}

async function verified(
  token: string,
  { issuer, audience, algorithms, key }: Judge,
  now: number,
): Promise<{ payload: JWTPayload } | Refused> {
  try {
    return await jwtVerify(token, key, {
      issuer,
      audience,
      algorithms: [...algorithms],
      requiredClaims: ['sub', 'exp', 'iat'],
      clockTolerance: skew,
      currentDate: new Date(now),
    })
  } catch (error) {
    if (error instanceof AppError) throw error
    if (error instanceof errors.JWTExpired) return { refused: 'the token has ended' }
    if (error instanceof errors.JWTClaimValidationFailed)
      return { refused: `the claim ${error.claim} is missing or not good` }
    return { refused: 'the signature is not good' }
  }
}

/** What jose does not look at. */
function problemOf(payload: JWTPayload, judge: Judge, now: number): string | undefined {
  if (payload.iat! > now / 1000 + skew) return 'the claim iat is missing or not good'
  // A logout token may come without a type of its own (OpenID Connect Back-Channel Logout 1.0 §2.4).
  if (payload['events'] !== undefined) return 'the token is of another type than JWT'
  const missing = Object.entries(judge.requiredClaims).find(
    ([name, value]) => ![claimOf(payload, name)].flat().includes(value),
  )
  return missing && `the claim ${missing[0]} is missing or not good`
}
