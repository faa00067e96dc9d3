import {
  errors,
  type Client as EngineClient,
  type Configuration,
  type KoaContextWithOIDC,
} from 'oidc-provider'
import type { Resource, ResourceStore } from '#storage/resources.ts'
import { defaultResourceOf } from './clients.ts'
import { resourceServerOf } from './metadata-claims.ts'

type ResourceIndicators = NonNullable<NonNullable<Configuration['features']>['resourceIndicators']>

/**
 * Resource indicators (RFC 8707): a token for a resource is a JWT (RFC 9068) that the resource verifies with the key
 * set alone; without one it is opaque. A client with a default resource always gets the JWT; another one says
 * `resource` again at the token endpoint (RFC 8707 §2.2), so that it can have a userinfo token from the same code.
 */
export function resourceIndicators(
  resources: ResourceStore,
  people: PeopleScopes,
): ResourceIndicators {
  return {
    enabled: true,
    defaultResource(_ctx, client, oneOf) {
      const preferred = defaultResourceOf(client)
      if (oneOf) return preferred !== undefined && oneOf.includes(preferred) ? preferred : oneOf
      return preferred ?? []
    },
    useGrantedResource: (ctx) =>
      ctx.oidc.client !== undefined && defaultResourceOf(ctx.oidc.client) !== undefined,
    async getResourceServerInfo(ctx, identifier, client) {
      const resource = identifier.includes('\0') ? undefined : await resources.find(identifier)
      if (!resource) throw new errors.InvalidTarget('unknown resource')
      return resourceServerOf(resource, await scopesFor(ctx, { resource, client, people }))
    },
  }
}

/** The scopes of a resource that holders of these roles may be granted. */
export type PermittedScopes = (
  resource: Resource,
  roleNames: readonly string[],
) => Promise<string[]>

/** Supplied by `provider.ts`; what people may be granted is a matter of `users/`. */
export interface PeopleScopes {
  permittedScopes: PermittedScopes
  rolesOf(accountId: string): Promise<string[]>
}

/**
 * What may be granted at all: to a person, what their roles allow; to a client that acts for itself, what is open to all
 * and the restricted scopes that its registered `scope` lists.
 */
async function scopesFor(
  ctx: KoaContextWithOIDC,
  { resource, client, people }: { resource: Resource; client: EngineClient; people: PeopleScopes },
): Promise<string[]> {
  // `claims.ts` puts the roles beside the account, so that no one has to ask twice.
  const account = ctx.oidc.account as { roles?: string[] } | undefined
  if (account?.roles) return people.permittedScopes(resource, account.roles)
  const accountId = ctx.oidc.session?.accountId
  if (accountId !== undefined)
    return people.permittedScopes(resource, await people.rolesOf(accountId))

  const listed = new Set((client['resource_scopes'] as string[] | undefined) ?? [])
  // Before a person is known (PAR, device, login still to come) everything may be asked; the answer is cut then.
  const isClientAlone = ctx.oidc.params?.['grant_type'] === 'client_credentials'
  return resource.scopes
    .filter(({ name, restricted }) => !restricted || !isClientAlone || listed.has(name))
    .map(({ name }) => name)
}
