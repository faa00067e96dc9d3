import { at, type ApiClient } from '#http/api-client.ts'
import { attempt } from '#http/attempt.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import type { Cell, Chip, Field, FieldErrors } from '#view/signed-in-pages.ts'
import { type WireAdminUser, userPageSchema, adminUserSchema } from '#wire/users.ts'
import { forms } from './forms.ts'
import { listing, pageSize } from './listing.ts'
import { roleNames, rolesField, rolesOf } from './user-roles.ts'

/** `/console/users`: find people and make them. One of them is in `user.ts`. */
export function userPages(): PageRoute[] {
  const access = { scope: 'admin:users' }
  return [
    { method: 'get', path: '/console/users', access, handle: showUsers },
    { method: 'get', path: '/console/users/new', access, handle: ({ api }) => showNew(api) },
    { method: 'post', path: '/console/users/new', access, handle: createUser },
  ]
}

const place = { area: 'console', section: 'users' } as const

export const nameOf = ({ nickname, username, email, id }: WireAdminUser): string =>
  nickname ?? username ?? email ?? id

export const statusChip = ({ is_active: isActive }: WireAdminUser): Chip =>
  isActive
    ? { say: 'console.users.active', tone: 'ok' }
    : { say: 'console.users.banned', tone: 'warn' }

export const lastLogin = ({ last_login_at: at }: WireAdminUser): Cell =>
  at === null ? { say: 'console.users.never' } : { when: at }

async function showUsers({ api, query }: PageCall): Promise<PageAnswer> {
  const { q = '', role = '', status = '', cursor } = query
  const wanted = { q, role, status, cursor, limit: String(pageSize) }
  const page = await api.get('/admin/users', userPageSchema, wanted)
  const names = await roleNames(api)
  return {
    page: 'list',
    props: {
      ...place,
      title: 'console.users.title',
      add: { href: '/console/users/new', label: 'console.users.add' },
      filterAction: '/console/users',
      filters: [
        { kind: 'search', name: 'q', label: 'console.users.search', value: q },
        choice('role', 'console.users.anyRole', { value: role, options: named(names) }),
        choice('status', 'console.users.anyStatus', {
          value: status,
          options: [
            { value: 'active', label: 'console.users.active' },
            { value: 'banned', label: 'console.users.banned' },
          ],
        }),
      ],
      columns: [
        { label: 'console.users.who' },
        { label: 'console.users.status' },
        { label: 'console.users.roles' },
        { label: 'console.users.lastLogin' },
        { label: 'console.users.logins', isNumber: true },
        { label: 'console.users.created' },
      ],
      rows: page.users.map(rowOf),
      empty: {
        heading: 'console.users.none',
        text: 'console.users.noneText',
        href: '/console/users',
        action: 'console.users.all',
      },
      ...listing(query, page.next_cursor),
    },
  }
}

const rowOf = (user: WireAdminUser): Cell[] => [
  {
    text: nameOf(user),
    href: at`/console/users/${user.id}`,
    sub: user.email ?? user.username ?? undefined,
  },
  { chip: statusChip(user) },
  { text: user.roles.join(', ') },
  lastLogin(user),
  { number: user.login_count },
  { when: user.created_at },
]

const named = (names: string[]) => names.map((name) => ({ value: name, label: { text: name } }))

function choice(
  name: 'role' | 'status',
  any: 'console.users.anyRole' | 'console.users.anyStatus',
  { value, options }: Pick<Extract<Field, { kind: 'choice' }>, 'value' | 'options'>,
): Field {
  const label = `console.users.${name}` as const
  return { kind: 'choice', name, label, value, options: [{ value: '', label: any }, ...options] }
}

async function showNew(
  api: ApiClient,
  retry?: { fields: Record<string, string>; errors: FieldErrors },
): Promise<PageAnswer> {
  const { fields = {}, errors = {} } = retry ?? {}
  return {
    page: 'details',
    props: {
      ...place,
      title: 'console.users.add',
      crumb: { href: '/console/users', label: 'console.users.title' },
      boxes: [
        {
          heading: 'console.users.profile',
          forms: [
            {
              action: '/console/users/new',
              fields: [
                ...forms.texts('console.users', ['email', 'username', 'nickname'], fields),
                {
                  kind: 'password',
                  name: 'password',
                  label: 'console.users.password',
                  help: 'console.users.passwordHelp',
                  autocomplete: 'new-password',
                  optional: true,
                },
                ...rolesField(await roleNames(api), rolesOf(fields)),
              ],
              submit: 'console.users.create',
              look: 'primary',
            },
          ],
        },
      ],
      errors,
    },
  }
}

async function createUser({ api, fields }: PageCall): Promise<PageAnswer> {
  return attempt(
    async () => {
      const body = {
        ...forms.values(['email', 'username', 'nickname'], fields),
        roles: rolesOf(fields),
        ...(fields['password'] && { password: fields['password'] }),
      }
      const user = await api.post('/admin/users', body, adminUserSchema)
      return { to: at`/console/users/${user.id}?done=userCreated` }
    },
    (errors) => showNew(api, { fields, errors }),
  )
}
