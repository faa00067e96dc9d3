import type { User, UserStore } from '#storage/users.ts'
import type { PasswordPolicy, PasswordProblem } from './password-policy.ts'
import type { Passwords } from './passwords.ts'

/**
 * Changes the password of somebody who has shown that they are the owner. `present` is the hash that they had when they
 * began to, undefined when there was none; if it is another one by now, nothing changes.
 */
export type ChangePassword = (
  user: User,
  passwords: { present: string | undefined; replacement: string },
) => Promise<'changed' | 'changed meanwhile' | PasswordProblem>

export interface ChangePasswordParts {
  users: UserStore
  passwords: Passwords
  passwordPolicy: PasswordPolicy
  /** Tells the owner that the password was changed. */
  tellChanged(user: User): Promise<void>
}

export function createChangePassword({
  users,
  passwords,
  passwordPolicy,
  tellChanged,
}: ChangePasswordParts): ChangePassword {
  return async (user, { present, replacement }) => {
    const problem = await passwordPolicy(replacement, [user.email, user.username])
    if (problem) return problem
    const hash = await passwords.hash(replacement)
    if (present === undefined) await users.setPasswordHash(user.id, hash)
    else if (!(await users.replacePasswordHash(user.id, present, hash))) return 'changed meanwhile'
    await tellChanged(user)
    return 'changed'
  }
}
