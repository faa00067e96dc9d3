import { z } from 'zod'
import { route, text, type ApiRoute } from '#http/api.ts'
import type { Storage } from '#storage/storage.ts'
import { auditPageSchema, presentEvent } from '#wire/audit.ts'
import { pageQuery } from '#wire/pages.ts'

/** `/admin/audit`: what happened; for reading only. */
export interface AuditParts {
  storage: Pick<Storage, 'audit'>
}

/** A time, or a day, which begins at midnight in UTC. */
const time = z.union([z.iso.datetime({ offset: true }), z.iso.date()])

const listQuery = pageQuery.extend({
  type: text(64)
    .optional()
    .describe('An event type, or a prefix that ends with a dot, such as `login.`'),
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
    summary: 'List audit events, newest first.',
    query: listQuery,
    answer: {
      status: 200,
      description: 'A page of events.',
      schema: auditPageSchema,
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
