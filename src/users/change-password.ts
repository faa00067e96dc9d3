import type { EndOfSignIns } from '#storage/sign-ins.ts'
import type { User } from '#storage/users.ts'
import type { PasswordPolicy, PasswordProblem } from './password-policy.ts'
import type { Passwords } from './passwords.ts'

/** Changes the password of an account whose owner has proved who they are, and ends their other sign-ins with it. */
export type ChangePassword = (
  user: User,
  change: PasswordChange,
) => Promise<'changed' | 'changed meanwhile' | PasswordProblem>

export interface PasswordChange {
  /** The hash that the account had when the change began; if it is another one by now, nothing changes. */
  present: string | undefined
  replacement: string
  /** Ends the other sign-ins and sets the hash in one transaction; resolves to whether that happened. */
  endOthers(set: Pick<EndOfSignIns, 'passwordHash' | 'formerHash'>): Promise<boolean>
}

export interface ChangePasswordParts {
  passwords: Passwords
  passwordPolicy: PasswordPolicy
  /** Tells the owner that the password was changed. */
  tellChanged(user: User): Promise<void>
}

export function createChangePassword({
  passwords,
  passwordPolicy,
  tellChanged,
}: ChangePasswordParts): ChangePassword {
  return async (user, { present, replacement, endOthers }) => {
    const problem = await passwordPolicy(replacement, [user.email, user.username])
    if (problem) return problem
    const passwordHash = await passwords.hash(replacement)
    if (!(await endOthers({ passwordHash, formerHash: present }))) return 'changed meanwhile'
    await tellChanged(user)
    return 'changed'
  }
}
