import type { User, UserStore } from '#storage/users.ts'

/**
 * Signs in a person who has shown without a password who they are, in the given epoch of their account: counts the sign-in
 * and takes back a wish to be erased. Undefined for a person who is banned or gone, and when every sign-in has ended since.
 */
export type Admit = (proof: { userId: string; epoch: number }) => Promise<User | undefined>

export function createAdmit(users: Pick<UserStore, 'findById' | 'update' | 'recordLogin'>): Admit {
  return async ({ userId, epoch }) => {
    const user = await users.findById(userId)
    if (!user || user.bannedAt !== undefined || user.signInEpoch !== epoch) return undefined
    if (user.eraseAt !== undefined) await users.update(user.id, { eraseAt: undefined })
    await users.recordLogin(user.id)
    return user
  }
}
