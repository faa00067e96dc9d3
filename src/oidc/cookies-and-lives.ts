import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'
import type { Config } from '#config/load.ts'
import { deriveKey } from '#lib/sealing.ts'

/** Names and flags of the engine's cookies: prefixed and Secure wherever the issuer is https. */
export function cookies(
  config: Config,
  secrets: readonly string[],
): NonNullable<Configuration['cookies']> {
  const secure = config.ISSUER.startsWith('https:')
  const options = { httpOnly: true, sameSite: 'lax', secure, signed: true } as const
  return {
    keys: secrets.map((secret) => deriveKey(secret, 'cookies').toString('base64url')),
    names: {
      session: secure ? '__Host-yumen_session' : 'yumen_session',
      interaction: secure ? '__Secure-yumen_interaction' : 'yumen_interaction',
      resume: secure ? '__Secure-yumen_resume' : 'yumen_resume',
    },
    long: options,
    short: options,
  }
}

const minute = 60
const day = 24 * 60 * minute

/** Lives in seconds. A resource may have its own for access tokens; nothing outlives its grant. */
export function lives(config: Config): NonNullable<Configuration['ttl']> {
  const accessToken = config.ACCESS_TOKEN_EXPIRE_MINUTES * minute
  const refreshToken = config.REFRESH_TOKEN_EXPIRE_DAYS * day
  const untilGrantEnds = (ctx: KoaContextWithOIDC | undefined): number => {
    const end = ctx?.oidc?.entities.Grant?.exp
    return end === undefined ? refreshToken : Math.max(1, end - Math.floor(Date.now() / 1000))
  }
  return {
    AccessToken: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? accessToken,
    ClientCredentials: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? accessToken,
    AuthorizationCode: minute,
    DeviceCode: 10 * minute,
    Grant: config.GRANT_EXPIRE_DAYS * day,
    IdToken: 60 * minute,
    Interaction: 60 * minute,
    RefreshToken: (ctx) => Math.min(refreshToken, untilGrantEnds(ctx)),
    Session(_ctx, { loginTs }) {
      const idle = config.SESSION_EXPIRE_SECONDS
      if (loginTs === undefined) return idle
      const left = loginTs + config.SESSION_MAX_SECONDS - Math.floor(Date.now() / 1000)
      return Math.max(1, Math.min(idle, left))
    },
  }
}
