import { z } from 'zod'
import { newId } from '#lib/ids.ts'
import { AlreadyExists } from '#storage/errors.ts'
import type { User, UserStore } from '#storage/users.ts'
import { passwordProblem, type PasswordProblem } from './password-rules.ts'
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
  passwordMinLength: number
}

export function createRegister({ users, passwords, passwordMinLength }: RegisterParts): Register {
  return async (registration, roles = []) => {
    const { password, locale } = registration
    const email = registration.email.trim()
    const username = registration.username?.trim() || undefined
    const nickname = registration.nickname?.trim() || undefined

    const problems = findProblems({ email, username, nickname, password }, passwordMinLength)
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
      return {
        problems:
          error.field === 'username' ? { username: 'username_taken' } : { email: 'email_taken' },
      }
    }
  }
}

function findProblems(given: Registration, passwordMinLength: number): RegistrationProblems {
  const problems: RegistrationProblems = {}
  if (given.email.length > 254 || !z.email().safeParse(given.email).success)
    problems.email = 'email_invalid'
  if (given.username !== undefined && !/^[a-zA-Z0-9][a-zA-Z0-9._-]{2,31}$/.test(given.username)) {
    problems.username = 'username_invalid'
  }
  if (given.nickname !== undefined && Array.from(given.nickname).length > 64)
    problems.nickname = 'nickname_invalid'
  const password = passwordProblem(given.password, passwordMinLength)
  if (password) problems.password = password
  return problems
}
