import type { ResourceStore } from '#storage/resources.ts'
import type { RoleStore } from '#storage/roles.ts'
import type { UserStore } from '#storage/users.ts'

/**
 * The scopes of a resource that a person may be granted now: those that are open to everyone, and the restricted ones
 * that their roles permit. None for someone who is banned or gone, or for a resource that is not known.
 */
export type AllowedScopes = (userId: string, resource: string) => Promise<string[]>

export interface AllowedScopesParts {
  users: Pick<UserStore, 'findById'>
  roles: Pick<RoleStore, 'find'>
  resources: Pick<ResourceStore, 'find'>
}

export function createAllowedScopes({
  users,
  roles,
  resources,
}: AllowedScopesParts): AllowedScopes {
  return async (userId, identifier) => {
    const [user, resource] = await Promise.all([users.findById(userId), resources.find(identifier)])
    if (!user || user.bannedAt !== undefined || !resource) return []
    const held = await Promise.all(user.roles.map((name) => roles.find(name)))
    const permitted = new Set(held.flatMap((role) => role?.permissions[identifier] ?? []))
    return resource.scopes
      .filter(({ name, restricted }) => !restricted || permitted.has(name))
      .map(({ name }) => name)
  }
}
