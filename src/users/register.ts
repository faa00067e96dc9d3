import { newId } from '#lib/ids.ts'
import { AlreadyExists } from '#storage/errors.ts'
import type { User, UserStore } from '#storage/users.ts'
import { isEmail, isNickname, isUsername } from './name-rules.ts'
import type { PasswordPolicy, PasswordProblem } from './password-policy.ts'
import type { Passwords } from './passwords.ts'

export interface Registration {
  email: string
  password: string
  username?: string | undefined
  nickname?: string | undefined
  locale?: string | undefined
}

/** Field → code of what is wrong; the sentences are in the locale files under `errors.`. */
export type RegistrationProblems = Partial<
  Record<'email' | 'username' | 'nickname', RegistrationProblem> & { password: PasswordProblem }
>
type RegistrationProblem =
  'email_invalid' | 'email_taken' | 'username_invalid' | 'username_taken' | 'nickname_invalid'

export type RegistrationResult = { user: User } | { problems: RegistrationProblems }

/** Makes an account, whole or not at all. Every problem of the input is told at once. */
export type Register = (registration: Registration, roles?: string[]) => Promise<RegistrationResult>

export interface RegisterParts {
  users: UserStore
  passwords: Passwords
  passwordPolicy: PasswordPolicy
}

export function createRegister({ users, passwords, passwordPolicy }: RegisterParts): Register {
  /**
   * A database names one of two taken fields, and not always the same one. Both are told, or a taken username would show
   * whether the e-mail beside it is taken too.
   */
  const takenOf = async (
    field: string,
    { email, username }: { email: string; username: string | undefined },
  ): Promise<RegistrationProblems> => {
    const other = field === 'username' ? email : username
    const isOtherTaken = other !== undefined && (await users.findByIdentifier(other)) !== undefined
    return {
      ...((field === 'email' || isOtherTaken) && { email: 'email_taken' as const }),
      ...((field === 'username' || isOtherTaken) && { username: 'username_taken' as const }),
    }
  }

  return async (registration, roles = []) => {
    const { password, locale } = registration
    const email = registration.email.trim()
    const username = registration.username?.trim() || undefined
    const nickname = registration.nickname?.trim() || undefined

    const problems = findProblems({ email, username, nickname })
    const weakness = await passwordPolicy(password, [email, username, nickname])
    if (weakness) problems.password = weakness
    if (Object.keys(problems).length > 0) return { problems }

    const passwordHash = await passwords.hash(password)
    try {
      return {
        user: await users.create({
          id: newId(),
          email,
          username,
          nickname,
          locale,
          roles,
          passwordHash,
        }),
      }
    } catch (error) {
      if (!(error instanceof AlreadyExists)) throw error
      return { problems: await takenOf(error.field, { email, username }) }
    }
  }
}

function findProblems(given: Omit<Registration, 'password'>): RegistrationProblems {
  const problems: RegistrationProblems = {}
  if (!isEmail(given.email)) problems.email = 'email_invalid'
  if (given.username !== undefined && !isUsername(given.username))
    problems.username = 'username_invalid'
  if (given.nickname !== undefined && !isNickname(given.nickname))
    problems.nickname = 'nickname_invalid'
  return problems
}
