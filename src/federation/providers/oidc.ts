import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTPayload } from 'jose'
import type { Outbound } from '#http/outbound.ts'
import type { IdentityProfile, SeenIdentity } from '#storage/identities.ts'
import {
  askJson,
  failed,
  seen,
  textOf,
  UpstreamFailure,
  type Arrival,
  type Ask,
  type Upstream,
  type UpstreamParts,
} from './upstream.ts'

/**
 * Any OpenID Connect provider, from its issuer alone: endpoints and keys by discovery (OIDC Discovery §4), and the ID
 * token checked in full (OIDC Core §3.1.3.7), since grant looks at neither its signature nor its issuer nor its end.
 */
export interface OidcDialect {
  /** Of `identities.provider`; the issuer when absent. */
  vendor?: string
  /** The issuer that the metadata name, where that is not the one they are found by. */
  metadataIssuer?: string
  /** The issuer that an ID token must name, when it is not that of the metadata. */
  issuerOf?(claims: JWTPayload, issuer: string): string
  profileOf?(claims: Record<string, unknown>, arrival: Arrival): IdentityProfile
  scope?: string
  pkce?: boolean
  parameters?: Record<string, string>
  secret?(): Promise<string>
  /** Whether the profile may be at the userinfo endpoint only. */
  hasUserinfo?: boolean
}

interface Metadata {
  issuer: string
  authorizeUrl: string
  tokenUrl: string
  userinfoUrl: string | undefined
  isIssRequired: boolean
  keys: ReturnType<typeof createRemoteJWKSet>
}

const cacheMs = 15 * 60_000
const toleranceSeconds = 30
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'EdDSA']

export function createOidc(parts: UpstreamParts, dialect: OidcDialect = {}): Upstream {
  const { clientId, clientSecret, outbound } = parts
  const metadata = discoverOnce(parts, dialect)
  return {
    async ask(): Promise<Ask> {
      const { issuer, authorizeUrl, tokenUrl, isIssRequired } = await metadata()
      return {
        authorizeUrl,
        tokenUrl,
        issuer,
        isIssRequired,
        scope: parts.scopes?.join(' ') ?? dialect.scope ?? 'openid profile email',
        pkce: dialect.pkce ?? true,
        nonce: true,
        secret: (await dialect.secret?.()) ?? clientSecret,
        parameters: dialect.parameters ?? {},
      }
    },
    async identify(arrival): Promise<SeenIdentity> {
      const about = await metadata()
      const claims = await verify(arrival, about, { clientId, now: parts.now, dialect })
      const more = dialect.hasUserinfo ? await userinfo(outbound, about, { arrival, claims }) : {}
      const profileOf = dialect.profileOf ?? standardProfile
      const provider = dialect.vendor ?? about.issuer
      return seen(
        { provider, appId: clientId, subject: claims.sub },
        profileOf({ ...more, ...claims }, arrival),
      )
    },
  }
}

/** The standard claims (OIDC Core §5.1). `email_verified` counts only when it is the boolean. */
export const standardProfile = (claims: Record<string, unknown>): IdentityProfile => ({
  email: textOf(claims['email']),
  emailVerified: claims['email_verified'] === true,
  nickname: textOf(claims['name']) ?? textOf(claims['nickname']),
  avatarUrl: textOf(claims['picture']),
})

/** Asks once, and again when that is a quarter of an hour ago or has failed. */
function discoverOnce(parts: UpstreamParts, dialect: OidcDialect): () => Promise<Metadata> {
  let known: { at: number; metadata: Promise<Metadata> } | undefined
  return () => {
    if (known && parts.now() - known.at < cacheMs) return known.metadata
    const mine = { at: parts.now(), metadata: discover(parts, dialect) }
    known = mine
    mine.metadata.catch(() => {
      if (known === mine) known = undefined
    })
    return mine.metadata
  }
}

async function discover(
  { issuer = '', outbound }: UpstreamParts,
  { metadataIssuer = issuer }: OidcDialect,
): Promise<Metadata> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const { status, body } = await askJson(outbound, url)
  if (status !== 200) throw failed(`the metadata of ${issuer} answered ${status}`)
  // Discovery §4.3: anyone who answers for another issuer is an impostor.
  if (body['issuer'] !== metadataIssuer)
    throw failed(`the metadata at ${issuer} is of another issuer`)
  const [authorizeUrl, tokenUrl, jwksUrl] = [
    'authorization_endpoint',
    'token_endpoint',
    'jwks_uri',
  ].map((name) => endpoint(outbound, body, name))
  if (!authorizeUrl || !tokenUrl || !jwksUrl)
    throw failed(`the metadata of ${issuer} lacks an endpoint`)
  return {
    issuer,
    authorizeUrl,
    tokenUrl,
    userinfoUrl: endpoint(outbound, body, 'userinfo_endpoint'),
    isIssRequired: body['authorization_response_iss_parameter_supported'] === true,
    keys: createRemoteJWKSet(new URL(jwksUrl), {
      cacheMaxAge: cacheMs,
      [customFetch]: (address) => outbound.fetch(address),
    }),
  }
}

/** An address of the metadata that we may ask; anyone who answers the discovery does not choose our neighbours. */
function endpoint(
  outbound: Outbound,
  body: Record<string, unknown>,
  name: string,
): string | undefined {
  const address = textOf(body[name])
  if (address === undefined || !URL.canParse(address)) return undefined
  try {
    outbound.check(address)
  } catch (error) {
    throw failed(`${name} must not be asked`, error)
  }
  return address
}

async function verify(
  { tokens, nonce }: Arrival,
  { keys, issuer }: Metadata,
  { clientId, now, dialect }: { clientId: string; now: () => number; dialect: OidcDialect },
): Promise<JWTPayload> {
  const token = textOf(tokens['id_token'])
  if (token === undefined) throw failed('the answer has no ID token')
  const { payload } = await jwtVerify(token, keys, {
    audience: clientId,
    algorithms,
    clockTolerance: toleranceSeconds,
    currentDate: new Date(now()),
    requiredClaims: ['iss', 'sub', 'exp', 'iat'],
  }).catch((error: unknown) => {
    // What is not jose's is the network's: the keys could not be had.
    const reason = error instanceof errors.JOSEError ? 'failed' : 'unavailable'
    throw new UpstreamFailure(reason, 'the ID token is not good', { cause: error })
  })
  if (payload.iss !== (dialect.issuerOf?.(payload, issuer) ?? issuer))
    throw failed('the ID token is of another issuer')
  if (payload.iat! > now() / 1000 + toleranceSeconds)
    throw failed('the ID token is of a time to come')
  if (nonce === undefined || payload['nonce'] !== nonce)
    throw failed('the ID token is not the answer to our request')
  const isForSeveral = Array.isArray(payload.aud) && payload.aud.length > 1
  const party = payload['azp']
  if ((isForSeveral || party !== undefined) && party !== clientId)
    throw failed('the ID token was issued to another client')
  return payload
}

/** OIDC Core §5.3.2: an answer about someone else is none. */
async function userinfo(
  outbound: Outbound,
  { userinfoUrl }: Metadata,
  { arrival, claims }: { arrival: Arrival; claims: JWTPayload },
): Promise<Record<string, unknown>> {
  const token = textOf(arrival.tokens['access_token'])
  const isComplete = claims['email'] !== undefined && claims['name'] !== undefined
  if (userinfoUrl === undefined || token === undefined || isComplete) return {}
  const { status, body } = await askJson(outbound, userinfoUrl, {
    headers: { authorization: `Bearer ${token}` },
  })
  if (status !== 200 || body['sub'] !== claims.sub) throw failed('userinfo is about someone else')
  return body
}
