import type { IdentityProfile } from '#storage/identities.ts'
import { createOidc, standardProfile } from './oidc.ts'
import { textOf, type Upstream, type UpstreamParts } from './upstream.ts'

/**
 * Google: OpenID Connect. `email_verified` is a promise only where Google runs the mailbox: for gmail.com and for the
 * domain of an organisation (`hd`); any other address was verified once and may be someone else's by now.
 * https://developers.google.com/identity/openid-connect/openid-connect#an-id-tokens-payload
 */
export const createGoogle = (parts: UpstreamParts): Upstream =>
  createOidc(
    { ...parts, issuer: parts.baseUrl ?? 'https://accounts.google.com' },
    {
      vendor: 'google',
      profileOf,
      parameters: { prompt: 'select_account' },
      // Google's own tokens may name the issuer without its scheme.
      issuerOf: (claims, issuer) => (claims.iss === new URL(issuer).host ? claims.iss : issuer),
    },
  )

function profileOf(claims: Record<string, unknown>): IdentityProfile {
  const profile = standardProfile(claims)
  const isTheirs = profile.email?.toLowerCase().endsWith('@gmail.com') || textOf(claims['hd'])
  return { ...profile, emailVerified: profile.emailVerified === true && Boolean(isTheirs) }
}
