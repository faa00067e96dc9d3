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

/** A new account that is signed in at once, or the form again with every problem told. */
export async function register(
  makeAccount: Register,
  { email = '', username = '', nickname = '', password = '' }: Record<string, string>,
): Promise<{ user: User } | { retry: RegisterRetry }> {
  const made = await makeAccount({ email, username, nickname, password })
  if ('user' in made) return made

  const { problems } = made
  const errors: RegisterRetry['errors'] = {
    ...(problems.email && {
      email: email.trim() ? (`errors.${problems.email}` as const) : 'errors.email_required',
    }),
    ...(problems.username && { username: `errors.${problems.username}` as const }),
    ...(problems.nickname && { nickname: `errors.${problems.nickname}` as const }),
    ...(problems.password && {
      password: password ? (`errors.${problems.password}` as const) : 'errors.password_required',
    }),
  }
  return { retry: { values: { email, username, nickname }, errors } }
}
