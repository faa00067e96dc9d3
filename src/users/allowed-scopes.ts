import { isActive } from '#storage/active.ts'
import type { Resource, ResourceStore } from '#storage/resources.ts'
import type { RoleStore } from '#storage/roles.ts'
import type { User, UserStore } from '#storage/users.ts'

/** The scopes of a resource that holders of these roles may be granted: those open to everyone, and the restricted ones that a role permits. */
export type PermittedScopes = (
  resource: Resource,
  roleNames: readonly string[],
) => Promise<string[]>

export function createPermittedScopes(roles: Pick<RoleStore, 'find'>): PermittedScopes {
  return async ({ identifier, scopes }, roleNames) => {
    const held = await Promise.all(roleNames.map((name) => roles.find(name)))
    const permitted = new Set(held.flatMap((role) => role?.permissions[identifier] ?? []))
    return scopes
      .filter(({ name, restricted }) => !restricted || permitted.has(name))
      .map(({ name }) => name)
  }
}

/**
 * What a person, by id or as just read, may be granted now; nothing for someone who is banned or gone, or for a resource
 * that is not known.
 */
export type AllowedScopes = (person: string | User, resource: string) => Promise<string[]>

export interface AllowedScopesParts {
  users: Pick<UserStore, 'findById'>
  resources: Pick<ResourceStore, 'find'>
  permittedScopes: PermittedScopes
}

export function createAllowedScopes({
  users,
  resources,
  permittedScopes,
}: AllowedScopesParts): AllowedScopes {
  return async (person, identifier) => {
    const [user, resource] = await Promise.all([
      typeof person === 'string' ? users.findById(person) : person,
      resources.find(identifier),
    ])
    if (!isActive(user) || !resource) return []
    return permittedScopes(resource, user.roles)
  }
}
