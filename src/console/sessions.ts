import { at } from '#http/api-client.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import type { Cell, SignedInPageProps } from '#view/signed-in-pages.ts'
import { type WireAdminSession, adminSessionsSchema } from '#wire/sessions.ts'
import { userPageSchema, type WireAdminUser } from '#wire/users.ts'
import { twoSteps } from './danger.ts'
import { describePeople } from './people.ts'
import { nameOf } from './users.ts'

/**
 * `/console/sessions`: where one person is signed in. `?q=` finds people, for those who may see users; `?user=` is one of
 * them, by id.
 */
export function sessionPages(): PageRoute[] {
  const access = { scope: 'admin:sessions' }
  return [
    { method: 'get', path: '/console/sessions', access, handle: showSessions },
    { method: 'post', path: '/console/sessions/:id/end', access, handle: endSession },
  ]
}

/** A sign-in as lists show it. */
export const sessionCell = (one: WireAdminSession): Cell => ({
  ...(one.agent === null ? { say: `console.users.${one.kind}` as const } : { text: one.agent }),
  sub: [one.client_id, one.address].filter(Boolean).join(' · ') || undefined,
})

const mostPeople = 20

async function showSessions(call: PageCall): Promise<PageAnswer> {
  const { api, query, person } = call
  const q = query['q'] ?? ''
  const isSearching = q !== '' && person.scopes.has('admin:users')
  const people = isSearching
    ? (await api.get('/admin/users', userPageSchema, { q, limit: String(mostPeople) })).users
    : []
  const only = people.length === 1 ? people[0]!.id : undefined
  const user = query['user'] ?? only ?? (isSearching ? '' : q)
  if (people.length > 1 && query['user'] === undefined) return listPeople(q, people)
  return user === '' ? emptyList(q) : listSessions(call, q, user)
}

type List = SignedInPageProps['list']

const frame = (q: string) =>
  ({
    area: 'console',
    section: 'sessions',
    title: 'console.sessions.title',
    lead: 'console.sessions.lead',
    filters: [{ kind: 'search', name: 'q', label: 'console.users.search', value: q }],
    filterAction: '/console/sessions',
  }) satisfies Partial<List>

const emptyList = (q: string): PageAnswer => ({
  page: 'list',
  props: {
    ...frame(q),
    columns: [],
    rows: [],
    empty:
      q === ''
        ? { heading: 'console.sessions.choose', text: 'console.sessions.chooseText' }
        : { heading: 'console.users.none', text: 'console.users.noneText' },
  },
})

const listPeople = (q: string, people: readonly WireAdminUser[]): PageAnswer => ({
  page: 'list',
  props: {
    ...frame(q),
    columns: [{ label: 'console.users.who' }, { label: 'console.users.lastLogin' }],
    rows: people.map((user) => [
      {
        text: nameOf(user),
        href: `/console/sessions?${new URLSearchParams({ q, user: user.id }).toString()}`,
        sub: user.email ?? undefined,
      },
      user.last_login_at === null ? { say: 'console.users.never' } : { when: user.last_login_at },
    ]),
    empty: { heading: 'console.users.none', text: 'console.users.noneText' },
  },
})

async function listSessions(call: PageCall, q: string, user: string): Promise<PageAnswer> {
  const { sessions } = await call.api.get('/admin/sessions', adminSessionsSchema, {
    user_id: user,
  })
  const who = (await describePeople(call, [user]))(user)
  return {
    page: 'list',
    props: {
      ...frame(q),
      columns: [
        { label: 'console.sessions.device' },
        { label: 'console.users.who' },
        { label: 'console.sessions.lastSeen' },
        { label: 'console.users.end' },
      ],
      rows: sessions.map((one): Cell[] => [
        sessionCell(one),
        who,
        one.last_seen_at === null ? {} : { when: one.last_seen_at },
        {
          form: twoSteps(at`/console/sessions/${one.id}/end`, {
            submit: 'console.users.end',
            confirm: 'console.users.endText',
            hidden: { user },
          }),
        },
      ]),
      empty: { heading: 'console.sessions.none', text: 'console.users.noSessions' },
    },
  }
}

async function endSession({ api, params, fields }: PageCall): Promise<PageAnswer> {
  const user = fields['user'] ?? ''
  await api.delete(at`/admin/users/${user}/sessions/${params['id']}`)
  const query = new URLSearchParams({ user, done: 'sessionEnded' })
  return { to: `/console/sessions?${query.toString()}` }
}
