import type { User, UserStore } from '#storage/users.ts'
import type { LoginLimits } from './limits.ts'
import type { Passwords } from './passwords.ts'

/** Whether this is the password of a person who is signed in; tries are limited like those of the sign-in. */
export type CheckPassword = (user: User, password: string, address: string) => Promise<boolean>

export interface CheckPasswordParts {
  users: Pick<UserStore, 'findPasswordHash'>
  passwords: Pick<Passwords, 'verify'>
  limits: LoginLimits
}

export function createCheckPassword(parts: CheckPasswordParts): CheckPassword {
  return async (user, password, address) => {
    const fits = await parts.limits.judge({
      identifier: user.id,
      address,
      find: () => Promise.resolve(user),
      async look(_user, isOpen) {
        const stored = isOpen ? await parts.users.findPasswordHash(user.id) : undefined
        return (await parts.passwords.verify(stored, password)) || undefined
      },
    })
    return fits === true
  }
}
