import type { User } from '#storage/users.ts'
import type { Authenticate } from '#users/authenticate.ts'
import type { PageProps } from '#view/pages.ts'

/** What a person typed and what was wrong with it; never the password. */
export type LoginRetry = Pick<PageProps['login'], 'values' | 'errors'>

export const emptyLogin = (loginHint: unknown): LoginRetry => ({
  values: { identifier: typeof loginHint === 'string' ? loginHint.slice(0, 254) : '' },
  errors: {},
})

/** Sign-in with a password: the account, or the form again. */
export async function login(
  authenticate: Authenticate,
  { identifier = '', password = '', address = '' }: Record<string, string>,
): Promise<{ user: User } | { retry: LoginRetry }> {
  const errors: LoginRetry['errors'] = {}
  if (!identifier.trim()) errors.identifier = 'errors.identifier_required'
  if (!password) errors.password = 'errors.password_required'
  if (Object.keys(errors).length > 0) return { retry: { values: { identifier }, errors } }

  const user = await authenticate({ identifier, password, address })
  if (user) return { user }
  return { retry: { values: { identifier }, errors: { form: 'errors.wrong_credentials' } } }
}
