import type { User, UserStore } from '#storage/users.ts'
import type { PasswordPolicy, PasswordProblem } from './password-policy.ts'
import type { Passwords } from './passwords.ts'

/**
 * Changes the password of somebody who knows the present one; without it, sets one for somebody who has none. `wrong`: it is
 * another, or there is one after all.
 */
export type ChangePassword = (
  user: User,
  passwords: { current: string | undefined; replacement: string },
) => Promise<'changed' | 'wrong' | PasswordProblem>

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
  return async (user, { current, replacement }) => {
    const problem = await passwordPolicy(replacement, [user.email, user.username])
    if (problem) return problem
    const stored = await users.findPasswordHash(user.id)
    if (current === undefined) {
      if (stored !== undefined) return 'wrong'
      await users.setPasswordHash(user.id, await passwords.hash(replacement))
      await tellChanged(user)
      return 'changed'
    }
    if (!(await passwords.verify(stored, current)) || stored === undefined) return 'wrong'
    // Somebody may have changed it meanwhile, and then the one that was verified is no longer the present one.
    const changed = await users.replacePasswordHash(
      user.id,
      stored,
      await passwords.hash(replacement),
    )
    if (!changed) return 'wrong'
    await tellChanged(user)
    return 'changed'
  }
}
