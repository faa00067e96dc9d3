import type { AuditEvent, AuditFilter, AuditStore } from '#storage/audit.ts'
import { beginningWith, fitting, isStorable } from './comparable.ts'
import { createInsertMany } from './insert-many.ts'
import { readPage, type Condition } from './pages.ts'
import type { Run } from './run.ts'
import type { Statements } from './statements.ts'

interface Row {
  id: string
  at: number
  type: string
  actor: string | null
  target: string | null
  clientId: string | null
  address: string | null
  agent: string | null
  traceId: string | null
  details: string | null
}

const selected =
  'SELECT id, at, type, actor, target, client_id AS "clientId", address, agent, trace_id AS "traceId", details FROM audit_events'

const insertMany = createInsertMany('audit_events', [
  'id',
  'at',
  'type',
  'actor',
  'target',
  'client_id',
  'address',
  'agent',
  'trace_id',
  'details',
])

export function createAuditStore({ run, transaction, dialect }: Statements): AuditStore {
  return {
    async add(events) {
      const rows = events.map(valuesOf)
      if (rows.length === 1) await insertMany(run, rows)
      else if (rows.length > 1) await transaction((run) => insertMany(run, rows))
    },
    list: (filter) => list(run, filter),
    async removeBefore(time, limit) {
      return (await run(dialect.deleteUpTo('audit_events', 'at', limit), [time - 1])).changes
    },
  }
}

/** Strangers write some of it; an event must not be lost because one of them wrote too much. */
const valuesOf = (event: AuditEvent) => [
  event.id,
  event.at,
  fitting(event.type, 128),
  event.actor && fitting(event.actor, 600),
  event.target && fitting(event.target, 600),
  event.clientId && fitting(event.clientId, 255),
  event.address && fitting(event.address, 64),
  event.agent && fitting(event.agent, 1024),
  event.traceId && fitting(event.traceId, 64),
  event.details && JSON.stringify(event.details),
]

async function list(run: Run, filter: AuditFilter): ReturnType<AuditStore['list']> {
  const { type, actor, target, from, to, limit, cursor } = filter
  // What no column can hold matches nothing, and is too long a pattern for SQLite.
  const canMatch = (text = '') => isStorable(text) && text.length < 1000
  if (![type, actor, target].every((text) => canMatch(text))) return { events: [], next: undefined }
  const where: Condition[] = []
  if (type?.endsWith('.')) where.push(["type LIKE ? ESCAPE '!'", beginningWith(type)])
  else if (type !== undefined) where.push(['type = ?', type])
  if (actor !== undefined) where.push(['actor = ?', actor])
  if (target !== undefined) where.push(['target = ?', target])
  if (from !== undefined) where.push(['at >= ?', from])
  if (to !== undefined) where.push(['at < ?', to])
  const query = { select: selected, where, time: 'at', limit, cursor }
  const { rows, next } = await readPage<Row>(run, query, (row) => [row.at, row.id])
  return { events: rows.map(fromRow), next }
}

const fromRow = (row: Row): AuditEvent => ({
  id: row.id,
  at: row.at,
  type: row.type,
  actor: row.actor ?? undefined,
  target: row.target ?? undefined,
  clientId: row.clientId ?? undefined,
  address: row.address ?? undefined,
  agent: row.agent ?? undefined,
  traceId: row.traceId ?? undefined,
  details: row.details === null ? undefined : JSON.parse(row.details),
})
