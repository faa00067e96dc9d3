import type { FindAccount, KoaContextWithOIDC } from 'oidc-provider'
import { isActive } from '#storage/active.ts'
import type { RoleStore } from '#storage/roles.ts'
import type { User, UserStore } from '#storage/users.ts'
import { metadataOf } from './metadata-claims.ts'
import { currentUnit } from './unit-of-work.ts'

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
  return async (ctx, id) => {
    const user = await users.findById(id)
    if (!isActive(user) || !isSignedIn(ctx, user)) return undefined
    const claims = async (_use: string, scope: string) => ({
      ...claimsOf(user),
      [metadataOf]: user.metadata,
      ...(scope.split(' ').includes('roles') ? await rolesOf(user, roles) : {}),
    })
    return { accountId: user.id, user, roles: user.roles, metadata: user.metadata, claims }
  }
}

/**
 * Whether the sign-in that this request is about is of the account's present epoch. It comes from the session or the grant,
 * or from the step that has just signed the person in.
 */
function isSignedIn(ctx: KoaContextWithOIDC | undefined, { id, signInEpoch }: User): boolean {
  const unit = currentUnit()
  const login = ctx?.oidc?.result?.login as { accountId: string; epoch?: number } | undefined
  if (login?.accountId === id && login.epoch !== undefined) unit?.noteSignIn(id, login.epoch)
  const epoch = unit?.epochOf(id)
  // A session from before there were epochs.
  if (epoch === undefined) unit?.noteSignIn(id, signInEpoch)
  return epoch === undefined || epoch === signInEpoch
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
