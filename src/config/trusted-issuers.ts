import type { TrustedIssuer } from './issuer-entry.ts'
import { InvalidConfig, type Config } from './load.ts'

/**
 * Those of the file, and those that a name in the environment is enough for. Throws InvalidConfig when two would judge
 * one token, one is us, or keys would come unprotected.
 */
export function trustedIssuersOf(
  config: Config,
  declared: readonly TrustedIssuer[],
): TrustedIssuer[] {
  const all = [...declared, ...supabase(config), ...firebase(config)]
  const problems = all.flatMap((one, index) => {
    const { issuer, audience, keys } = one
    const rival = all.slice(0, index).find((other) => isRival(one, other))
    const address = 'jwksUri' in keys ? new URL(keys.jwksUri) : undefined
    return [
      ...(issuer === config.ISSUER ? [`Trusted issuer ${issuer} is this server itself.`] : []),
      ...(rival
        ? [`Trusted issuer ${issuer} is there twice for ${audience}, with the same algorithm.`]
        : []),
      ...(address?.protocol === 'http:' && !config.FETCH_ALLOWED_HOSTS.includes(address.host)
        ? [`Trusted issuer ${issuer}: jwks_uri must begin with https://.`]
        : []),
    ]
  })
  if (config.SUPABASE_JWT_SECRET !== undefined && config.SUPABASE_URL === undefined)
    problems.push('SUPABASE_JWT_SECRET needs SUPABASE_URL beside it.')
  if (problems.length > 0) throw new InvalidConfig(problems)
  return all
}

const isRival = (a: TrustedIssuer, b: TrustedIssuer): boolean =>
  a.issuer === b.issuer &&
  a.audience === b.audience &&
  a.algorithms.some((algorithm) => b.algorithms.includes(algorithm))

type Names =
  'SUPABASE_URL' | 'SUPABASE_JWT_SECRET' | 'SUPABASE_CONFIRMS_EMAIL' | 'FIREBASE_PROJECT_ID'

/**
 * https://supabase.com/docs/guides/auth/jwts: `<project>/auth/v1`, audience and role `authenticated`. A project that
 * moves from its shared secret to keys signs with either for a while. No claim says whether the address is confirmed
 * (what `user_metadata` says, the person can write), so that is the operator's to know.
 */
function supabase({
  SUPABASE_URL: url,
  SUPABASE_JWT_SECRET: secret,
  SUPABASE_CONFIRMS_EMAIL: confirms,
}: Pick<Config, Names>): TrustedIssuer[] {
  if (url === undefined) return []
  const issuer = `${url.replace(/\/+$/, '')}/auth/v1`
  const common = {
    issuer,
    audience: 'authenticated',
    requiredClaims: { role: 'authenticated' },
    trustsEmail: confirms,
    claims: {
      subject: 'sub',
      email: 'email',
      emailVerified: true as const,
      name: 'user_metadata.full_name',
      picture: 'user_metadata.avatar_url',
    },
    apiScopes: undefined,
  }
  return [
    {
      ...common,
      keys: { jwksUri: `${issuer}/.well-known/jwks.json` },
      algorithms: ['ES256', 'RS256'],
    },
    ...(secret === undefined ? [] : [{ ...common, keys: { secret }, algorithms: ['HS256'] }]),
  ]
}

/** https://firebase.google.com/docs/auth/admin/verify-id-tokens, "Verify ID tokens using a third-party JWT library". */
function firebase({ FIREBASE_PROJECT_ID: project }: Pick<Config, Names>): TrustedIssuer[] {
  if (project === undefined) return []
  return [
    {
      issuer: `https://securetoken.google.com/${project}`,
      audience: project,
      keys: {
        jwksUri:
          'https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com',
      },
      algorithms: ['RS256'],
      requiredClaims: {},
      trustsEmail: true,
      claims: {
        subject: 'sub',
        email: 'email',
        emailVerified: 'email_verified',
        name: 'name',
        picture: 'picture',
      },
      apiScopes: undefined,
    },
  ]
}
