import type { FindAccount } from 'oidc-provider'
import type { User, UserStore } from '#storage/users.ts'

/** Scope → the claims that it releases (OIDC Core §5.4). */
export const claimsByScope = {
  openid: ['sub'],
  profile: ['name', 'nickname', 'preferred_username', 'locale', 'updated_at'],
  email: ['email', 'email_verified'],
}

export const supportedScopes = [...Object.keys(claimsByScope), 'offline_access']

/** The engine's view of a person; undefined when the account is gone, and everything made for it is then dead. */
export function createFindAccount(users: UserStore): FindAccount {
  return async (_ctx, id) => {
    const user = await users.findById(id)
    return user && { accountId: user.id, claims: () => claimsOf(user) }
  }
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
