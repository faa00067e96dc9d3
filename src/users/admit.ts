import type { User, UserStore } from '#storage/users.ts'

/**
 * Lets somebody in who has shown without a password who they are: counts the sign-in and takes back a wish to be erased.
 * Undefined for whoever is banned or gone.
 */
export type Admit = (userId: string) => Promise<User | undefined>

export function createAdmit(users: Pick<UserStore, 'findById' | 'update' | 'recordLogin'>): Admit {
  return async (userId) => {
    const user = await users.findById(userId)
    if (!user || user.bannedAt !== undefined) return undefined
    if (user.eraseAt !== undefined) await users.update(user.id, { eraseAt: undefined })
    await users.recordLogin(user.id)
    return user
  }
}
