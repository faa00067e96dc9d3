import { createPublicKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { z } from 'zod'

/**
 * Providers whose JWTs we take for their people: `trusted_issuers` of the file, and those that the environment names.
 * One entry is one issuer, one audience and one kind of key; a token is judged by the entry for its `iss`, `aud` and
 * `alg`, so that a key is never used with an algorithm that is not its own.
 */
export interface TrustedIssuer {
  /** Exactly the token's `iss`. */
  issuer: string
  /** In the token's `aud`; with the issuer, what a subject is relative to. */
  audience: string
  keys: IssuerKeys
  /** JWS `alg`, of the kind of the keys. */
  algorithms: readonly string[]
  /** Where the token tells what: a claim, or a path of claims with dots. */
  claims: {
    subject: string
    email: string
    /** `true`: this issuer gives tokens only to people whose address is confirmed. */
    emailVerified: string | true
    name: string
    picture: string
  }
  /** Claims that a token must have with this value, or with it in their list. */
  requiredClaims: Readonly<Record<string, string | number | boolean>>
  /** Whether a verified address joins the token to the account that has it. */
  trustsEmail: boolean
  /** What a token may do at our own API without an exchange; undefined when it is not taken there. */
  apiScopes: readonly string[] | undefined
}

export type IssuerKeys = { jwksUri: string } | { publicKey: KeyObject } | { secret: string }

const rsa = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
const asymmetric = [...rsa, 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
const symmetric = ['HS256', 'HS384', 'HS512']
/** What issuers sign with unless they say otherwise. */
const usual = ['RS256', 'ES256', 'HS256']

const name = z.string().min(1).max(255)
const scope = z.enum(['account:read', 'account:write'])
const keyNames = ['jwks_uri', 'public_key', 'public_key_file', 'secret', 'secret_file'] as const

/** One entry of the file, in its spelling. Becomes a TrustedIssuer, or sentences that complete "trusted_issuers.0 …". */
export const trustedIssuerEntry = z
  .strictObject({
    issuer: name,
    audience: name,
    jwks_uri: z.url({ protocol: /^https?$/ }).optional(),
    public_key: z.string().optional(),
    public_key_file: z.string().optional(),
    secret: z.string().optional(),
    secret_file: z.string().optional(),
    algorithms: z
      .array(z.enum([...asymmetric, ...symmetric]))
      .min(1)
      .optional(),
    claims: z
      .strictObject({
        subject: name.default('sub'),
        email: name.default('email'),
        email_verified: z.union([name, z.literal(true)]).default('email_verified'),
        name: name.default('name'),
        picture: name.default('picture'),
      })
      .prefault({}),
    required_claims: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
      .default({}),
    trust_email: z.boolean().default(false),
    accepted_by_api: z.boolean().default(false),
    api_scopes: z.array(scope).min(1).default(scope.options),
  })
  .transform((entry, ctx): TrustedIssuer => {
    const keys = keysOf(entry, (problem) => ctx.addIssue({ code: 'custom', message: problem }))
    if (keys === undefined) return z.NEVER
    const usable = algorithmsOf(keys)
    const common = usable.filter((algorithm) => usual.includes(algorithm))
    const algorithms = entry.algorithms ?? (common.length > 0 ? common : usable)
    const wrong = algorithms.find((algorithm) => !usable.includes(algorithm))
    if (wrong !== undefined)
      ctx.addIssue({ code: 'custom', message: `algorithms: ${wrong} does not go with the key` })
    const { email_verified: emailVerified, ...claims } = entry.claims
    return {
      issuer: entry.issuer,
      audience: entry.audience,
      keys,
      algorithms,
      claims: { ...claims, emailVerified },
      requiredClaims: entry.required_claims,
      trustsEmail: entry.trust_email,
      apiScopes: entry.accepted_by_api ? entry.api_scopes : undefined,
    }
  })

type Entry = Partial<Record<(typeof keyNames)[number], string | undefined>>

function keysOf(entry: Entry, refuse: (problem: string) => void): IssuerKeys | undefined {
  const given = keyNames.filter((key) => entry[key] !== undefined)
  const [kind] = given
  if (kind === undefined || given.length > 1) {
    refuse(`needs exactly one of ${keyNames.join(', ')}`)
    return undefined
  }
  const value = kind.endsWith('_file') ? readText(entry[kind]!) : entry[kind]!
  if (value === undefined) refuse(`${kind} names a file that cannot be read`)
  else if (kind === 'jwks_uri') return { jwksUri: value }
  else if (kind.startsWith('secret')) {
    if (value.length >= 32) return { secret: value }
    refuse(`${kind} must have at least 32 characters`)
  } else {
    const publicKey = readPublicKey(value)
    if (publicKey && algorithmsOf({ publicKey }).length > 0) return { publicKey }
    refuse(`${kind} must be a public key as PEM (RSA of 2048 bits, P-256, P-384, P-521, Ed25519)`)
  }
  return undefined
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return undefined
  }
}

function readPublicKey(pem: string): KeyObject | undefined {
  // From a private key Node would make its public half; here it lies where it must not.
  if (pem.includes('PRIVATE KEY')) return undefined
  try {
    return createPublicKey(pem)
  } catch {
    return undefined
  }
}

const ofCurve: Record<string, string> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
}

/** What the keys can be used with. None for a key that is too weak or of another kind. */
function algorithmsOf(keys: IssuerKeys): string[] {
  if ('secret' in keys) return symmetric
  if ('jwksUri' in keys) return asymmetric
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = keys.publicKey
  if (type === 'rsa') return (details?.modulusLength ?? 0) < 2048 ? [] : rsa
  if (type === 'ed25519') return ['EdDSA', 'Ed25519']
  const algorithm = type === 'ec' ? ofCurve[details?.namedCurve ?? ''] : undefined
  return algorithm === undefined ? [] : [algorithm]
}
