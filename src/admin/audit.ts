import { z } from 'zod'
import { route, text, type ApiRoute } from '#http/api.ts'
import type { AuditEvent } from '#storage/audit.ts'
import type { Storage } from '#storage/storage.ts'
import { iso, nextCursor, pageQuery } from './pages.ts'

/** `/admin/audit`: what happened; for reading only. */
export interface AuditParts {
  storage: Pick<Storage, 'audit'>
}

const eventSchema = z
  .object({
    id: z.string(),
    at: z.iso.datetime(),
    type: z.string(),
    actor: z.string().nullable(),
    target: z.string().nullable(),
    client_id: z.string().nullable(),
    address: z.string().nullable(),
    agent: z.string().nullable(),
    trace_id: z.string().nullable(),
    details: z.record(z.string(), z.unknown()).nullable(),
  })
  .meta({ id: 'AuditEvent' })

/** A time, or a day, which begins at midnight in UTC. */
const time = z.union([z.iso.datetime({ offset: true }), z.iso.date()])

const listQuery = pageQuery.extend({
  type: text(64).optional().describe('A name, or its beginning with a final dot: login.'),
  actor: text(128).optional(),
  target: text(255).optional(),
  from: time.optional().describe('Inclusive.'),
  to: time.optional().describe('Exclusive.'),
})

export const auditRoutes = ({ storage }: AuditParts): ApiRoute[] => [
  route({
    tag: 'admin audit',
    access: { scope: 'admin:audit' },
    method: 'get',
    path: '/admin/audit',
    summary: 'The audit log, newest first.',
    query: listQuery,
    answer: {
      status: 200,
      description: 'A page of events.',
      schema: z.object({ events: z.array(eventSchema), next_cursor: nextCursor }),
    },
    async handle({ query }) {
      const { events, next } = await storage.audit.list({
        ...query,
        from: millisecondsOf(query.from),
        to: millisecondsOf(query.to),
      })
      return { events: events.map(presentEvent), next_cursor: next ?? null }
    },
  }),
]

const millisecondsOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Date.parse(text)

const presentEvent = (event: AuditEvent): z.infer<typeof eventSchema> => ({
  id: event.id,
  at: iso(event.at),
  type: event.type,
  actor: event.actor ?? null,
  target: event.target ?? null,
  client_id: event.clientId ?? null,
  address: event.address ?? null,
  agent: event.agent ?? null,
  trace_id: event.traceId ?? null,
  details: event.details ?? null,
})
