import type { AccessToken, KoaContextWithOIDC } from 'oidc-provider'

/** When and how someone proved who they are, as the engine writes it on codes and refresh tokens. */
export interface Authentication {
  /** Seconds since the epoch. */
  authTime?: number | undefined
  acr?: string | undefined
  amr?: string[] | undefined
}

/** Tokens that are made without a code or a refresh token, and how their person signed in. */
const known = new WeakMap<object, Authentication>()

export function noteAuthentication(token: AccessToken, authentication: Authentication): void {
  known.set(token, authentication)
}

/**
 * The claims of a JWT access token that say when and how the person proved who they are (RFC 9068 §2.2.1): at the beginning
 * of the grant, also after a refresh. A resource server that wants a fresher or a stronger one asks for it by RFC 9470.
 */
export function signInClaims(
  ctx: KoaContextWithOIDC | undefined,
  token: object,
): { auth_time?: number; acr?: string; amr?: string[] } {
  const { AuthorizationCode, RefreshToken, DeviceCode } = ctx?.oidc?.entities ?? {}
  const source: Authentication | undefined =
    known.get(token) ?? AuthorizationCode ?? RefreshToken ?? DeviceCode
  const { authTime, acr, amr } = source ?? {}
  return {
    ...(authTime !== undefined && { auth_time: authTime }),
    ...(acr !== undefined && { acr }),
    ...(amr !== undefined && { amr }),
  }
}
