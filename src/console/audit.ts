import { at } from '#http/api-client.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import type { Cell, Field } from '#view/signed-in-pages.ts'
import { attempt } from '#http/attempt.ts'
import { auditPageSchema, type WireAuditEvent } from '#wire/audit.ts'
import { listing, pageSize } from './listing.ts'
import { describePeople } from './people.ts'

/** `/console/audit`: what happened, who did it, to what; for reading only. */
export const auditPages = (): PageRoute[] => [
  {
    method: 'get',
    path: '/console/audit',
    access: { scope: 'admin:audit' },
    handle: showAudit,
  },
]

const filterNames = ['type', 'actor', 'target', 'from', 'to'] as const

async function showAudit(call: PageCall): Promise<PageAnswer> {
  const { api, query } = call
  const read = (filters: Record<string, string | undefined>) =>
    api.get('/admin/audit', auditPageSchema, filters)
  const wanted = Object.fromEntries(filterNames.map((name) => [name, query[name]?.trim()]))
  return attempt(
    async () => {
      const page = await read({ ...wanted, cursor: query['cursor'], limit: String(pageSize) })
      return listOf(call, page.events, page.next_cursor)
    },
    // A day that is none, for example: the fields stay as they were typed.
    async (errors) => {
      const answer = await listOf(call, [], null)
      return { ...answer, props: { ...answer.props, errors } }
    },
  )
}

async function listOf(
  call: PageCall,
  events: readonly WireAuditEvent[],
  next: string | null,
): Promise<Extract<PageAnswer, { page: 'list' }>> {
  const { query } = call
  const party = await describeParties(call, events)
  return {
    page: 'list',
    props: {
      area: 'console',
      section: 'audit',
      title: 'console.audit.title',
      lead: 'console.audit.lead',
      filters: filtersOf(query),
      filterAction: '/console/audit',
      columns: [
        { label: 'console.audit.event' },
        { label: 'console.audit.when' },
        { label: 'console.audit.actor' },
        { label: 'console.audit.target' },
        { label: 'console.audit.address' },
        { label: 'console.audit.details' },
      ],
      rows: events.map((event) => [
        { text: event.type, sub: event.client_id ?? undefined },
        { when: event.at },
        party(event.actor),
        party(event.target),
        { text: event.address ?? undefined },
        { json: detailsOf(event) },
      ]),
      empty: {
        heading: 'console.audit.none',
        text: 'console.audit.noneText',
        href: '/console/audit',
        action: 'console.audit.all',
      },
      ...listing(query, next),
    },
  }
}

/** How actors and targets are named: people by their names, clients by a link. */
async function describeParties(
  call: PageCall,
  events: readonly WireAuditEvent[],
): Promise<(text: string | null) => Cell> {
  const ids = events.flatMap(({ actor, target }) => [userIn(actor), userIn(target)])
  const personOf = await describePeople(
    call,
    ids.filter((id) => id !== undefined),
  )
  return (text) => {
    if (text === null) return {}
    const user = userIn(text)
    // Fifty rows with two people each: their names are enough.
    if (user !== undefined) return { ...personOf(user), sub: undefined }
    const client = /^client:(.+)$/.exec(text)?.[1]
    return client === undefined ? { text } : { text, href: at`/console/clients/${client}` }
  }
}

const filtersOf = (query: Record<string, string>): Field[] =>
  filterNames.map((name) => ({
    kind: 'search',
    name,
    label: `console.audit.${name}`,
    value: query[name] ?? '',
    placeholder: placeholders[name],
  }))

const placeholders: Record<(typeof filterNames)[number], string> = {
  type: 'login.',
  actor: '',
  target: 'client:…',
  from: '2026-11-20',
  to: '2026-11-21',
}

/** Actors are the ids of users, or `client:…`; targets say what they are: `user:…`. */
const userIn = (text: string | null): string | undefined => {
  const id = text?.replace(/^user:/, '')
  return id !== undefined && /^[\da-f-]{36}$|^\d+$/i.test(id) ? id : undefined
}

/** Longer ones are cut: fifty of them make a page. The API has them whole. */
const longestDetails = 400

function detailsOf({ details, trace_id: trace }: WireAuditEvent): string | undefined {
  const text = JSON.stringify({ ...details, ...(trace !== null && { trace_id: trace }) })
  if (text === '{}') return undefined
  return text.length > longestDetails ? `${text.slice(0, longestDetails)}…` : text
}
