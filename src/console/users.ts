import { fieldErrors } from '#http/field-errors.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import { at, type ApiClient } from '#http/api-client.ts'
import { AppError } from '#lib/app-error.ts'
import type { FieldErrors } from '#view/account-pages.ts'
import type { ConsoleSession, ConsoleUser } from '#view/console-pages.ts'
import { listing, pageSize } from './listing.ts'

/** `/console/users`: find people, make them, see and change one. */
export function userPages(): PageRoute[] {
  const access = { scope: 'admin:users' }
  return [
    { method: 'get', path: '/console/users', access, handle: showUsers },
    { method: 'get', path: '/console/users/new', access, handle: ({ api }) => showNew(api) },
    { method: 'post', path: '/console/users/new', access, handle: createUser },
    {
      method: 'get',
      path: '/console/users/:id',
      access,
      handle: (call) => showUser(call),
    },
    { method: 'post', path: '/console/users/:id', access, handle: saveUser },
  ]
}

async function showUsers({ api, query }: PageCall): Promise<PageAnswer> {
  const { q = '', role = '', status = '', cursor } = query
  const page = await api.get<{ users: ConsoleUser[]; next_cursor: string | null }>('/admin/users', {
    q,
    role,
    status,
    cursor,
    limit: String(pageSize),
  })
  return {
    page: 'console-users',
    props: {
      users: page.users,
      filter: { q, role, status },
      roleNames: await roleNames(api),
      ...listing(query, page.next_cursor),
    },
  }
}

async function showNew(
  api: ApiClient,
  retry?: { values: Record<string, string>; errors: FieldErrors },
): Promise<PageAnswer> {
  const { values = {}, errors = {} } = retry ?? {}
  return {
    page: 'console-user-new',
    props: { values, errors, roleNames: await roleNames(api) },
    ...(retry && { status: 422 }),
  }
}

async function createUser({ api, fields }: PageCall): Promise<PageAnswer> {
  try {
    const user = await api.post<ConsoleUser>('/admin/users', {
      ...profileOf(fields),
      roles: rolesOf(fields),
      ...(fields['password'] && { password: fields['password'] }),
    })
    return { to: at`/console/users/${user.id}?done=userCreated` }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return showNew(api, { values: withoutSecrets(fields), errors: fieldErrors(error) })
  }
}

export async function showUser(
  { api, params, person }: PageCall,
  retry?: { values?: Record<string, string>; errors: FieldErrors },
): Promise<PageAnswer> {
  const user = await api.get<ConsoleUser>(at`/admin/users/${params['id']}`)
  const seesSessions = person.scopes.has('admin:sessions')
  const { sessions } = seesSessions
    ? await api.get<{ sessions: ConsoleSession[] }>('/admin/sessions', { user_id: user.id })
    : { sessions: [] }
  return {
    page: 'console-user',
    props: {
      user,
      sessions,
      values: retry?.values ?? valuesOf(user),
      roleNames: await roleNames(api),
      confirmText: confirmTextOf(user),
      errors: retry?.errors ?? {},
    },
    ...(retry && { status: 422 }),
  }
}

async function saveUser(call: PageCall): Promise<PageAnswer> {
  const { api, fields, params } = call
  try {
    await api.patch(at`/admin/users/${params['id']}`, {
      ...profileOf(fields),
      email_verified: fields['email_verified'] === 'yes',
      roles: rolesOf(fields),
    })
    return { to: at`/console/users/${params['id']}?done=saved` }
  } catch (error) {
    if (!(error instanceof AppError) || error.status === 404) throw error
    return showUser(call, { values: withoutSecrets(fields), errors: fieldErrors(error) })
  }
}

/** What somebody types to say that they mean this user. */
export const confirmTextOf = ({ email, username, id }: ConsoleUser): string =>
  email ?? username ?? id

const profileFields = ['email', 'username', 'nickname', 'phone', 'avatar_url', 'locale'] as const

const profileOf = (fields: Record<string, string>) =>
  Object.fromEntries(profileFields.map((name) => [name, fields[name]?.trim() || null]))

const valuesOf = (user: ConsoleUser): Record<string, string> => ({
  ...Object.fromEntries(profileFields.map((name) => [name, user[name] ?? ''])),
  ...(user.email_verified && { email_verified: 'yes' }),
  ...Object.fromEntries(user.roles.map((name) => [`role:${name}`, 'yes'])),
})

/** A checkbox for each role: `role:writer`. */
const rolesOf = (fields: Record<string, string>): string[] =>
  Object.keys(fields).flatMap((name) => (name.startsWith('role:') ? [name.slice(5)] : []))

const withoutSecrets = ({ password: _password, csrf: _csrf, ...values }: Record<string, string>) =>
  values

/** Every role, as far as this administrator may see them. */
async function roleNames(api: ApiClient): Promise<string[]> {
  try {
    const { roles } = await api.get<{ roles: { name: string }[] }>('/admin/roles')
    return roles.map(({ name }) => name)
  } catch (error) {
    if (error instanceof AppError && error.status === 403) return []
    throw error
  }
}
