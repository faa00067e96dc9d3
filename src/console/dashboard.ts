import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import type { Chart, Ranking, Series, Tone } from '#view/chart.ts'
import { sections, type SignedInPageProps } from '#view/signed-in-pages.ts'
import type { MessageKey } from '#view/translate.ts'
import { clientPageSchema } from '#wire/clients.ts'
import { statsSchema, type WireStats } from '#wire/stats.ts'

/** `/console`: what happens on this server, in pictures; for those who may not see the numbers, the way to their sections. */
export const dashboardPages = (options: { ownClientIds: readonly string[] }): PageRoute[] => [
  {
    method: 'get',
    path: '/console',
    access: 'administrator',
    handle: (call) => showDashboard(call, options.ownClientIds),
  },
]

type Dashboard = SignedInPageProps['dashboard']

async function showDashboard(
  { api, person }: PageCall,
  ownClientIds: readonly string[],
): Promise<PageAnswer> {
  const { scopes } = person
  const isNew = scopes.has('admin:clients') && (await hasNoClients({ api }, ownClientIds))
  const stats = scopes.has('admin:stats') ? await api.get('/admin/stats', statsSchema) : undefined
  return {
    page: 'dashboard',
    props: {
      area: 'console',
      section: 'dashboard',
      title: 'console.dashboard.title',
      lead: stats ? 'console.dashboard.lead' : undefined,
      start: isNew
        ? {
            heading: 'console.dashboard.startHeading',
            text: 'console.dashboard.startText',
            href: '/console/clients/new',
            action: 'console.clients.add',
          }
        : undefined,
      totals: stats ? totalsOf(stats) : [],
      charts: stats ? chartsOf(stats.days) : [],
      ranking: stats && rankingOf(stats.operations),
      links: stats ? [] : linksFor(scopes),
    },
  }
}

/** Beside the clients that the server has for itself. */
async function hasNoClients(
  { api }: Pick<PageCall, 'api'>,
  ownClientIds: readonly string[],
): Promise<boolean> {
  const limit = String(ownClientIds.length + 1)
  const { clients } = await api.get('/admin/clients', clientPageSchema, {
    limit,
  })
  return clients.every(({ client_id: id }) => ownClientIds.includes(id))
}

const totalsOf = ({ totals }: WireStats): Dashboard['totals'] => [
  {
    label: 'console.dashboard.users',
    value: totals.users,
    sub: { key: 'console.dashboard.newUsers', values: { count: totals.new_users.last_7_days } },
  },
  { label: 'console.dashboard.sessions', value: totals.sessions },
  { label: 'console.dashboard.clients', value: totals.clients },
  {
    label: 'console.dashboard.mails',
    value: totals.mails.waiting,
    sub: { key: 'console.dashboard.failedMails', values: { count: totals.mails.failed } },
  },
]

function chartsOf(days: WireStats['days']): Chart[] {
  const names = days.map(({ day }) => day)
  const one = (heading: MessageKey, series: Series[]): Chart => ({ heading, days: names, series })
  const by = (read: (day: WireStats['days'][number]) => number): number[] => days.map(read)
  return [
    one('console.dashboard.signInsByDay', [
      { label: 'console.dashboard.signIns', values: by((day) => day.sign_ins), tone: 'one' },
      {
        label: 'console.dashboard.failures',
        values: by((day) => day.failed_sign_ins),
        tone: 'two',
      },
    ]),
    one('console.dashboard.activeByDay', [
      { label: 'console.dashboard.active', values: by((day) => day.active_users), tone: 'three' },
    ]),
    one('console.dashboard.tokensByGrant', grantsOf(days)),
  ].filter(({ series }) => series.length > 0)
}

const tones: Tone[] = ['one', 'three', 'four', 'five']

/** The four grants that gave most tokens, and the rest together. */
function grantsOf(days: WireStats['days']): Series[] {
  const total = (grant: string): number =>
    days.reduce((sum, { tokens }) => sum + (tokens[grant] ?? 0), 0)
  const grants = [...new Set(days.flatMap(({ tokens }) => Object.keys(tokens)))].toSorted(
    (a, b) => total(b) - total(a) || a.localeCompare(b),
  )
  const rest = grants.slice(tones.length)
  const named = grants.slice(0, tones.length).map((grant, index): Series => ({
    label: { text: shortName(grant) },
    values: days.map(({ tokens }) => tokens[grant] ?? 0),
    tone: tones[index]!,
  }))
  if (rest.length === 0) return named
  const values = days.map(({ tokens }) =>
    rest.reduce((sum, grant) => sum + (tokens[grant] ?? 0), 0),
  )
  return [...named, { label: 'console.dashboard.otherGrants', values, tone: 'two' }]
}

/** `urn:ietf:params:oauth:grant-type:device_code` → `device_code`. */
const shortName = (grant: string): string => grant.split(':').at(-1) ?? grant

const mostOperations = 8

function rankingOf(operations: WireStats['operations']): Ranking | undefined {
  const rows = operations
    .toSorted((a, b) => b.p95_ms - a.p95_ms)
    .slice(0, mostOperations)
    .map(({ method, route, count, p95_ms: p95 }) => ({
      label: `${method} ${route}`,
      value: Math.round(p95),
      count,
    }))
  if (rows.length === 0) return undefined
  return {
    heading: 'console.dashboard.slowest',
    text: 'console.dashboard.slowestText',
    unit: 'console.dashboard.milliseconds',
    rows,
  }
}

const linksFor = (scopes: ReadonlySet<string>): Dashboard['links'] =>
  sections.console.flatMap(([name, href, scope]) =>
    scope !== undefined && scopes.has(scope)
      ? [{ href, label: `console.nav.${name}` as const }]
      : [],
  )
