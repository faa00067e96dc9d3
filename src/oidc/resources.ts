import { errors, type Configuration } from 'oidc-provider'
import type { ResourceStore } from '#storage/resources.ts'
import { defaultResourceOf } from './clients.ts'

type ResourceIndicators = NonNullable<NonNullable<Configuration['features']>['resourceIndicators']>

/**
 * Resource indicators (RFC 8707): a token for a resource is a JWT (RFC 9068) that the resource verifies with the key
 * set alone; without one it is opaque. A client with a default resource always gets the JWT; another one says
 * `resource` again at the token endpoint (RFC 8707 §2.2), so that it can have a userinfo token from the same code.
 */
export function resourceIndicators(resources: ResourceStore): ResourceIndicators {
  return {
    enabled: true,
    defaultResource(_ctx, client, oneOf) {
      const preferred = defaultResourceOf(client)
      if (oneOf) return preferred !== undefined && oneOf.includes(preferred) ? preferred : oneOf
      return preferred ?? []
    },
    useGrantedResource: (ctx) =>
      ctx.oidc.client !== undefined && defaultResourceOf(ctx.oidc.client) !== undefined,
    async getResourceServerInfo(_ctx, identifier) {
      const resource = identifier.includes('\0') ? undefined : await resources.find(identifier)
      if (!resource) throw new errors.InvalidTarget('unknown resource')
      return {
        audience: resource.identifier,
        scope: resource.scopes.map((scope) => scope.name).join(' '),
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
        ...(resource.accessTokenTtl === undefined
          ? {}
          : { accessTokenTTL: resource.accessTokenTtl }),
      }
    },
  }
}
