import { z } from 'zod'
import type { AuditEvent } from '#storage/audit.ts'
import { iso, nextCursor } from './pages.ts'

export const auditEventSchema = z
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

export type WireAuditEvent = z.infer<typeof auditEventSchema>

export const auditPageSchema = z.object({
  events: z.array(auditEventSchema),
  next_cursor: nextCursor,
})

export const presentEvent = (event: AuditEvent): z.infer<typeof auditEventSchema> => ({
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
