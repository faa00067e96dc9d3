import { z } from 'zod'

/**
 * Claims that are taken from a person's metadata: claim → where it is, such as `{ tier: 'public.tier' }`. Their names
 * must not be those that a protocol, or this server, means something by: anyone who reads the token believes them.
 */
export type MetadataClaims = Record<string, string>

/** RFC 7519 §4.1, RFC 7662 §2.2, RFC 9068 §2.2, RFC 8693 §4, RFC 7800, RFC 9449, OpenID Connect Core §2 and §5.1, and ours. */
const reserved = new Set(
  [
    'iss sub aud exp nbf iat jti typ client_id scope username token_type active azp auth_time nonce acr amr cnf act',
    'may_act at_hash c_hash s_hash sid sub_jwk sub_id events toe txn entitlements groups roles permissions',
    'authorization_details token_introspection vot vtm trust_framework _claim_names _claim_sources',
    'name given_name family_name middle_name nickname preferred_username profile picture website email email_verified',
    'gender birthdate zoneinfo locale phone_number phone_number_verified address updated_at',
    'grant_id api_key is_active user_id',
  ].flatMap((names) => names.split(' ')),
)

const most = 20
const nameForm = /^[A-Za-z][A-Za-z0-9_:/.-]{0,127}$/
const pathForm = /^(public|private)(\.[^.\0]{1,64}){1,4}$/

/** The choice as it comes from a file or a request. */
export const metadataClaimsSchema = z.record(z.string(), z.string()).superRefine((value, ctx) => {
  const message = metadataClaimsProblem(value)
  if (message !== undefined) ctx.addIssue({ code: 'custom', message })
})

/** What is wrong with it, as the end of a sentence; undefined when it is good. */
export function metadataClaimsProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'must be an object of claims and their places in the metadata'
  const entries = Object.entries(value)
  if (entries.length > most) return `must have at most ${most} claims`
  for (const [name, path] of entries) {
    if (reserved.has(name)) return `must not name "${name}", which has a meaning already`
    if (!nameForm.test(name))
      return 'must name claims with letters, digits and _ : / . - (128 at most)'
    if (typeof path !== 'string' || !pathForm.test(path))
      return `must say where "${name}" is, such as public.tier or private.points`
  }
  return undefined
}

/** Longer values, as JSON, are left out: the public half is the person's own, and a token travels in a header. */
const longest = 1024

/** The claims that the person has; one whose place is empty is left out. */
export function pickMetadataClaims(
  claims: MetadataClaims,
  metadata: { public: object; private: object },
): Record<string, unknown> {
  const picked = Object.entries(claims).map(([name, path]) => [name, valueAt(metadata, path)])
  return Object.fromEntries(picked.filter(([, value]) => isFit(value)))
}

const isFit = (value: unknown): boolean =>
  value !== undefined && value !== null && JSON.stringify(value).length <= longest

/** Own members only: `private.constructor` is nothing. */
const valueAt = (root: object, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>(
      (value, key) =>
        typeof value === 'object' && value !== null && Object.hasOwn(value, key)
          ? Object.getOwnPropertyDescriptor(value, key)?.value
          : undefined,
      root,
    )
