import { at } from '#http/api-client.ts'
import { attempt } from '#http/attempt.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import type { Box, FieldErrors } from '#view/signed-in-pages.ts'
import { adminSessionsSchema } from '#wire/sessions.ts'
import { adminUserSchema, type WireAdminUser } from '#wire/users.ts'
import { twoSteps } from './danger.ts'
import { forms } from './forms.ts'
import { sessionCell } from './sessions.ts'
import { dangerBoxes, recoveryBox } from './user-actions.ts'
import { roleNames, rolesField, rolesOf } from './user-roles.ts'
import { lastLogin, nameOf, statusChip } from './users.ts'

/** `/console/users/:id`: one person, what they may do, where they are signed in. */
export function oneUserPages(): PageRoute[] {
  const common = { path: '/console/users/:id', access: { scope: 'admin:users' } }
  return [
    { ...common, method: 'get', handle: (call) => showUser(call) },
    { ...common, method: 'post', handle: saveUser },
  ]
}

const texts = ['email', 'username', 'nickname', 'phone', 'avatar_url'] as const

export async function showUser(
  call: PageCall,
  retry?: { fields?: Record<string, string>; errors: FieldErrors },
): Promise<PageAnswer> {
  const user = await call.api.get(at`/admin/users/${call.params['id']}`, adminUserSchema)
  return {
    page: 'details',
    props: {
      area: 'console',
      section: 'users',
      title: { text: nameOf(user) },
      chip: statusChip(user),
      crumb: { href: '/console/users', label: 'console.users.title' },
      facts: [
        { label: 'console.users.id', cell: { code: user.id } },
        { label: 'console.users.created', cell: { when: user.created_at } },
        { label: 'console.users.lastLogin', cell: lastLogin(user) },
        { label: 'console.users.logins', cell: { number: user.login_count } },
      ],
      boxes: [
        await profileBox(call, user, retry?.fields),
        ...(await sessionsBox(call, user)),
        recoveryBox(user),
        ...dangerBoxes(user),
      ],
      errors: retry?.errors ?? {},
    },
  }
}

async function profileBox(
  { api }: PageCall,
  user: WireAdminUser,
  typed: Record<string, string> | undefined,
): Promise<Box> {
  const isVerified = typed ? typed['email_verified'] === 'yes' : user.email_verified
  const [email, ...others] = forms.texts('console.users', texts, { ...user, ...typed })
  return {
    heading: 'console.users.profile',
    forms: [
      {
        action: at`/console/users/${user.id}`,
        fields: [
          email!,
          {
            kind: 'check',
            name: 'email_verified',
            label: 'console.users.emailVerified',
            checked: isVerified,
          },
          ...others,
          ...rolesField(await roleNames(api), typed ? rolesOf(typed) : user.roles),
        ],
        submit: 'shell.save',
        look: 'primary',
      },
    ],
  }
}

async function sessionsBox({ api, person }: PageCall, { id }: WireAdminUser): Promise<Box[]> {
  if (!person.scopes.has('admin:sessions')) return []
  const { sessions } = await api.get('/admin/sessions', adminSessionsSchema, {
    user_id: id,
  })
  return [
    {
      heading: 'console.users.sessions',
      none: 'console.users.noSessions',
      rows: sessions.map((one) => ({
        cell: { ...sessionCell(one), when: one.last_seen_at ?? undefined },
        form: twoSteps(at`/console/users/${id}/end-session`, {
          submit: 'console.users.end',
          confirm: 'console.users.endText',
          hidden: { session: one.id },
        }),
      })),
      forms: [
        {
          action: at`/console/users/${id}/logout`,
          fields: [],
          submit: 'console.users.signOut',
          confirm: 'console.users.signOutText',
        },
      ],
    },
  ]
}

async function saveUser(call: PageCall): Promise<PageAnswer> {
  const { api, fields, params } = call
  return attempt(
    async () => {
      await api.patch(at`/admin/users/${params['id']}`, {
        ...forms.values(texts, fields),
        email_verified: fields['email_verified'] === 'yes',
        roles: rolesOf(fields),
      })
      return { to: at`/console/users/${params['id']}?done=saved` }
    },
    (errors) => showUser(call, { fields, errors }),
  )
}
