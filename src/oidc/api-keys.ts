import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
import { mayIntrospect } from './clients.ts'
import { resourceServerOf } from './metadata-claims.ts'
import type { ResourceStore } from '#storage/resources.ts'

/**
 * API keys at the standard endpoints: introspection says whether one is good, and token exchange (RFC 8693) turns one
 * into a short-lived JWT for our API, which a resource server verifies by itself. Such a JWT dies with its key.
 */
export interface ApiKeyParts {
  /** The key's owner and what it may do now; undefined when it is not good. */
  check(key: string): Promise<KeyFacts | undefined>
  resources: ResourceStore
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

export const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const apiKeyType = 'urn:yumen:params:oauth:token-type:api_key'
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'
/** The key that a JWT was exchanged for; a private claim, so that it can be looked up. */
export const apiKeyClaim = 'api_key'

const state = 'apiKeyId'

/** For `extraTokenClaims`: the key that is being exchanged in this request. */
export const exchangedKey = (
  ctx: { state: Record<string, unknown> } | undefined,
): string | undefined => ctx?.state[state] as string | undefined

export function registerTokenExchange(provider: Provider, parts: ApiKeyParts): void {
  provider.registerGrantType(
    tokenExchange,
    async (ctx: KoaContextWithOIDC) => exchange(provider, parts, ctx),
    [
      'subject_token',
      'subject_token_type',
      'requested_token_type',
      'actor_token',
      'actor_token_type',
      'audience',
      'resource',
      'scope',
    ],
    [],
  )
}

async function exchange(
  provider: Provider,
  parts: ApiKeyParts,
  ctx: KoaContextWithOIDC,
): Promise<void> {
  const params = ctx.oidc.params as Record<string, string | undefined>
  if (params['subject_token_type'] !== apiKeyType)
    throw new errors.InvalidRequest('subject_token_type is not supported')
  if (params['actor_token'] !== undefined)
    throw new errors.InvalidRequest('actor_token is not supported')
  if ((params['requested_token_type'] ?? accessTokenType) !== accessTokenType)
    throw new errors.InvalidRequest('requested_token_type is not supported')
  const target = params['resource'] ?? params['audience'] ?? parts.resource
  const resource = target === parts.resource ? await parts.resources.find(target) : undefined
  if (!resource) throw new errors.InvalidTarget('a key is for our own API')
  const key = await parts.check(params['subject_token'] ?? '')
  if (!key) throw new errors.InvalidGrant('the API key is not good')

  const asked = params['scope']?.split(' ') ?? key.scopes
  if (asked.some((scope) => !key.scopes.includes(scope)))
    throw new errors.InvalidScope('the key does not have the scope', asked.join(' '))
  ctx.state[state] = key.id
  const token = new provider.AccessToken({
    accountId: key.userId,
    client: ctx.oidc.client!,
    gty: tokenExchange,
  } as never)
  token.scope = asked.join(' ')
  const server = resourceServerOf(resource, key.scopes)
  token.resourceServer = new provider.ResourceServer(resource.identifier, server)
  ctx.oidc.entity('AccessToken', token)
  ctx.body = {
    access_token: await token.save(),
    issued_token_type: accessTokenType,
    token_type: 'Bearer',
    expires_in: token.expiration,
    scope: token.scope,
  }
}

/** The engine knows no API keys and calls them inactive; whoever serves our API gets the truth. */
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
