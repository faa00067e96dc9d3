import { at } from '#http/api-client.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import type { Cell } from '#view/signed-in-pages.ts'
import { clientPageSchema, type WireClient } from '#wire/clients.ts'
import { kindOf, nameOfClient } from './client-kinds.ts'
import { listing, pageSize } from './listing.ts'

/** `/console/clients`: find applications. New ones are made in `new-client.ts`, one of them is in `client.ts`. */
export const clientPages = (): PageRoute[] => [
  {
    method: 'get',
    path: '/console/clients',
    access: { scope: 'admin:clients' },
    handle: showClients,
  },
]

export const clientsPlace = { area: 'console', section: 'clients' } as const

async function showClients({ api, query }: PageCall): Promise<PageAnswer> {
  const { q = '', cursor } = query
  const page = await api.get('/admin/clients', clientPageSchema, {
    q,
    cursor,
    limit: String(pageSize),
  })
  return {
    page: 'list',
    props: {
      ...clientsPlace,
      title: 'console.clients.title',
      lead: 'console.clients.lead',
      add: { href: '/console/clients/new', label: 'console.clients.add' },
      filterAction: '/console/clients',
      filters: [{ kind: 'search', name: 'q', label: 'console.clients.search', value: q }],
      columns: [
        { label: 'console.clients.application' },
        { label: 'console.clients.kind' },
        { label: 'console.clients.trust' },
        { label: 'console.clients.created' },
      ],
      rows: page.clients.map(rowOf),
      empty: {
        heading: 'console.clients.none',
        text: 'console.clients.noneText',
        href: '/console/clients/new',
        action: 'console.clients.add',
      },
      ...listing(query, page.next_cursor),
    },
  }
}

const rowOf = (client: WireClient): Cell[] => [
  {
    text: nameOfClient(client),
    href: at`/console/clients/${client.client_id}`,
    sub: client.client_id,
  },
  { say: `console.clients.kinds.${kindOf(client)}` },
  trustOf(client),
  { when: client.created_at },
]

function trustOf(client: WireClient): Cell {
  if (client.first_party) return { chip: { say: 'console.clients.firstParty', tone: 'ok' } }
  if (client.verified) return { chip: { say: 'console.clients.verified', tone: 'ok' } }
  return {}
}
