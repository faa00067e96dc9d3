import { at } from '#http/api-client.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import type { Cell } from '#view/signed-in-pages.ts'
import { apiKeyPageSchema, adminApiKeySchema } from '#wire/api-keys.ts'
import { listing, pageSize } from './listing.ts'
import { describePeople } from './people.ts'

/** `/console/api-keys`: the keys of everyone, to be seen and revoked; only their owners make them. */
export function apiKeyPages(): PageRoute[] {
  const access = { scope: 'admin:api-keys' }
  return [
    { method: 'get', path: '/console/api-keys', access, handle: showKeys },
    { method: 'get', path: '/console/api-keys/:id', access, handle: showKey },
    { method: 'post', path: '/console/api-keys/:id/revoke', access, handle: revokeKey },
  ]
}

const place = { area: 'console', section: 'apiKeys' } as const

async function showKeys(call: PageCall): Promise<PageAnswer> {
  const { api, query } = call
  const { api_keys: keys, next_cursor: next } = await api.get('/admin/api-keys', apiKeyPageSchema, {
    cursor: query['cursor'],
    limit: String(pageSize),
  })
  const ownerOf = await describePeople(
    call,
    keys.map(({ user_id: id }) => id),
  )
  return {
    page: 'list',
    props: {
      ...place,
      title: 'console.apiKeys.title',
      lead: 'console.apiKeys.lead',
      filters: [],
      filterAction: '/console/api-keys',
      columns: [
        { label: 'console.apiKeys.key' },
        { label: 'console.apiKeys.owner' },
        { label: 'console.apiKeys.scopes' },
        { label: 'console.apiKeys.lastUsed' },
        { label: 'console.apiKeys.expires' },
      ],
      rows: keys.map((key): Cell[] => [
        { text: key.name, href: at`/console/api-keys/${key.id}`, sub: key.access_key },
        ownerOf(key.user_id),
        { text: key.scopes.join(' ') },
        whenOrNever(key.last_used_at),
        whenOrNever(key.expires_at),
      ]),
      empty: { heading: 'console.apiKeys.none', text: 'console.apiKeys.lead' },
      ...listing(query, next),
    },
  }
}

async function showKey(call: PageCall): Promise<PageAnswer> {
  const key = await call.api.get(at`/admin/api-keys/${call.params['id']}`, adminApiKeySchema)
  const ownerOf = await describePeople(call, [key.user_id])
  return {
    page: 'details',
    props: {
      ...place,
      title: { text: key.name },
      crumb: { href: '/console/api-keys', label: 'console.apiKeys.title' },
      facts: [
        { label: 'console.apiKeys.key', cell: { code: key.access_key } },
        { label: 'console.apiKeys.owner', cell: ownerOf(key.user_id) },
        { label: 'console.apiKeys.scopes', cell: { text: key.scopes.join(' ') || '—' } },
        { label: 'console.apiKeys.created', cell: { when: key.created_at } },
        { label: 'console.apiKeys.lastUsed', cell: whenOrNever(key.last_used_at) },
        { label: 'console.apiKeys.expires', cell: whenOrNever(key.expires_at) },
      ],
      boxes: [
        {
          heading: 'console.apiKeys.revoke',
          text: 'console.apiKeys.revokeText',
          isDanger: true,
          forms: [
            {
              action: at`/console/api-keys/${key.id}/revoke`,
              fields: [],
              submit: 'console.apiKeys.revoke',
              look: 'destroy',
            },
          ],
        },
      ],
      errors: {},
    },
  }
}

const whenOrNever = (time: string | null): Cell =>
  time === null ? { say: 'console.users.never' } : { when: time }

async function revokeKey({ api, params }: PageCall): Promise<PageAnswer> {
  await api.delete(at`/admin/api-keys/${params['id']}`)
  return { to: '/console/api-keys?done=keyRevoked' }
}
