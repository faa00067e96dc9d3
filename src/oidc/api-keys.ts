import type { KoaContextWithOIDC } from 'oidc-provider'
import { mayIntrospect } from './clients.ts'

/** API keys at the standard endpoints: introspection says whether one is good; `exchange-api-key.ts` turns one into a JWT. */
export interface ApiKeyParts {
  /** The key's owner and what it may do now; undefined when it is not good. */
  check(key: string): Promise<KeyFacts | undefined>
  /** The identifier of our own API, which keys are for. */
  resource: string
}

export interface KeyFacts {
  id: string
  userId: string
  scopes: string[]
  createdAt: number
  expiresAt?: number | undefined
}

/** The key that a JWT was exchanged for; a private claim, so that it can be looked up. */
export const apiKeyClaim = 'api_key'

/** The engine knows no API keys and calls them inactive; anyone who serves our API gets the truth. */
export function introspectApiKeys({ check, resource }: ApiKeyParts, issuer: string) {
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    await next()
    if (ctx.oidc?.route !== 'introspection' || ctx.status !== 200) return
    const token = ctx.oidc.params?.['token']
    if (typeof token !== 'string' || !mayIntrospect(ctx.oidc.client!, { aud: resource })) return
    const key = await check(token)
    if (!key) return
    ctx.body = {
      active: true,
      iss: issuer,
      sub: key.userId,
      aud: resource,
      scope: key.scopes.join(' '),
      iat: Math.floor(key.createdAt / 1000),
      exp: key.expiresAt === undefined ? undefined : Math.floor(key.expiresAt / 1000),
      token_type: 'api_key',
    }
  }
}
