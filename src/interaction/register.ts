import type { User } from '#storage/users.ts'
import type { Register } from '#users/register.ts'
import type { PageProps } from '#view/pages.ts'

/** What a person typed and what was wrong with it; never the password. */
export type RegisterRetry = Pick<PageProps['register'], 'values' | 'errors'>

export const emptyRegistration = (loginHint: unknown): RegisterRetry => ({
  values: {
    email: typeof loginHint === 'string' && loginHint.includes('@') ? loginHint.slice(0, 254) : '',
    username: '',
    nickname: '',
  },
  errors: {},
})

/**
 * A new account, or the form again with every problem told. With `hidesTakenEmail` a taken e-mail is no problem that is
 * told: beside others it is left out, and alone it is `takenEmail`, to be answered like a new account.
 */
export async function register(
  makeAccount: Register,
  { email = '', username = '', nickname = '', password = '' }: Record<string, string>,
  { hidesTakenEmail }: { hidesTakenEmail: boolean },
): Promise<{ user: User } | { takenEmail: string } | { retry: RegisterRetry }> {
  const made = await makeAccount({ email, username, nickname, password })
  if ('user' in made) return made

  const { email: emailProblem, ...others } = made.problems
  const isHidden = hidesTakenEmail && emailProblem === 'email_taken'
  if (isHidden && Object.keys(others).length === 0) return { takenEmail: email.trim() }
  const errors: RegisterRetry['errors'] = {
    ...(emailProblem &&
      !isHidden && {
        email: email.trim() ? (`errors.${emailProblem}` as const) : 'errors.email_required',
      }),
    ...(others.username && { username: `errors.${others.username}` as const }),
    ...(others.nickname && { nickname: `errors.${others.nickname}` as const }),
    ...(others.password && {
      password: password ? (`errors.${others.password}` as const) : 'errors.password_required',
    }),
  }
  return { retry: { values: { email, username, nickname }, errors } }
}
