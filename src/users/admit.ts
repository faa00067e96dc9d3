import { isActive } from '#storage/active.ts'
import type { User, UserStore } from '#storage/users.ts'

/**
 * The person who has shown without a password who they are, in the given epoch of their account. Undefined for a person
 * who is banned or gone, and when every sign-in has ended since.
 */
export type Admit = (proof: { userId: string; epoch: number }) => Promise<User | undefined>

export function createAdmit(users: Pick<UserStore, 'findById'>): Admit {
  return async ({ userId, epoch }) => {
    const user = await users.findById(userId)
    if (!isActive(user) || user.signInEpoch !== epoch) return undefined
    return user
  }
}
