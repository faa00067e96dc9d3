import type { AccessToken, Client as EngineClient, Provider } from 'oidc-provider'
import { pickMetadataClaims, type MetadataClaims } from '#lib/metadata-claims.ts'
import type { Resource } from '#storage/resources.ts'
import type { UserMetadata } from '#storage/users.ts'

/**
 * Claims out of a person's metadata, as the operator has chosen them: for a resource, in its access tokens; for a
 * client, in userinfo and the ID token, under the scope `profile`.
 */

/** Where an account's claims carry the metadata: a symbol never becomes a claim itself. */
export const metadataOf = Symbol('metadata')

type JwtOptions = { sign: { alg: 'ES256' } }

/** What the engine keeps of a resource server is fixed; these options it hands on as they are. */
const chosen = new WeakMap<object, MetadataClaims>()

/** The engine's view of a resource, with the scopes that may be granted now. */
export function resourceServerOf(resource: Resource, scopes: readonly string[]) {
  const jwt: JwtOptions = { sign: { alg: 'ES256' } }
  if (resource.metadataClaims) chosen.set(jwt, resource.metadataClaims)
  return {
    audience: resource.identifier,
    scope: scopes.join(' '),
    accessTokenFormat: 'jwt' as const,
    jwt,
    ...(resource.accessTokenTtl === undefined ? {} : { accessTokenTTL: resource.accessTokenTtl }),
  }
}

/** What the resource of this token wants to know of its person; empty for a client's own token. */
export async function claimsForResource(
  token: Pick<AccessToken, 'accountId' | 'resourceServer'> | { kind: 'ClientCredentials' },
  findMetadata: (accountId: string) => Promise<UserMetadata | undefined>,
): Promise<Record<string, unknown>> {
  if (!('accountId' in token) || token.accountId === undefined) return {}
  const claims = chosen.get(token.resourceServer?.jwt ?? {})
  const metadata = claims && (await findMetadata(token.accountId))
  return metadata ? pickMetadataClaims(claims, metadata) : {}
}

interface EngineClaims {
  client: EngineClient
  available: { [metadataOf]?: UserMetadata }
  scope(value?: string): EngineClaims
  result(): Promise<Record<string, unknown>>
}

/** The engine knows one list of claims for all; this adds the client's own to what it releases. */
export function addClientClaims(provider: Provider): void {
  const { prototype } = (provider as unknown as { Claims: { prototype: EngineClaims } }).Claims
  const { scope, result } = prototype
  const withProfile = new WeakSet<EngineClaims>()
  prototype.scope = function (value = '') {
    if (value.split(' ').includes('profile')) withProfile.add(this)
    return scope.call(this, value)
  }
  prototype.result = async function () {
    const claims = this.client['metadata_claims'] as MetadataClaims | undefined
    const metadata = this.available[metadataOf]
    const own = claims && metadata && withProfile.has(this)
    return { ...(own ? pickMetadataClaims(claims, metadata) : {}), ...(await result.call(this)) }
  }
}
