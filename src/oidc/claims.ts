import type { FindAccount } from 'oidc-provider'
import type { RoleStore } from '#storage/roles.ts'
import type { User, UserStore } from '#storage/users.ts'
import { metadataOf } from './metadata-claims.ts'

/** Scope → the claims that it releases (OIDC Core §5.4). */
export const claimsByScope = {
  // What the ID token says of the sign-in itself; userinfo, which is about the person, does not have them.
  openid: ['sub', 'acr', 'amr'],
  profile: ['name', 'nickname', 'preferred_username', 'locale', 'updated_at'],
  email: ['email', 'email_verified'],
  roles: ['roles', 'permissions'],
}

export const supportedScopes = [...Object.keys(claimsByScope), 'offline_access']

/** The engine's view of a person; undefined when the account is gone or banned, and everything made for it is then dead. */
export function createFindAccount(users: UserStore, roles: RoleStore): FindAccount {
  return async (_ctx, id) => {
    const user = await users.findById(id)
    if (!user || user.bannedAt !== undefined) return undefined
    const claims = async (_use: string, scope: string) => ({
      ...claimsOf(user),
      [metadataOf]: user.metadata,
      ...(scope.split(' ').includes('roles') ? await rolesOf(user, roles) : {}),
    })
    return { accountId: user.id, roles: user.roles, metadata: user.metadata, claims }
  }
}

/** `permissions` are the scopes that the roles permit, of every resource; no name twice. */
async function rolesOf(
  user: User,
  roles: RoleStore,
): Promise<{ roles: string[]; permissions: string[] }> {
  const held = await Promise.all(user.roles.map((name) => roles.find(name)))
  const permissions = new Set(held.flatMap((role) => Object.values(role?.permissions ?? {}).flat()))
  return { roles: user.roles, permissions: [...permissions].toSorted() }
}

function claimsOf(
  user: User,
): { sub: string } & Record<string, string | number | boolean | undefined> {
  return {
    sub: user.id,
    name: user.nickname ?? user.username,
    nickname: user.nickname,
    preferred_username: user.username,
    locale: user.locale,
    updated_at: Math.floor(user.updatedAt / 1000),
    email: user.email,
    email_verified: user.email === undefined ? undefined : user.emailVerified,
  }
}
