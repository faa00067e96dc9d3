import type { AuditEventType } from '#lib/audit-events.ts'
import type { ApiCall, RequestFacts } from './api.ts'

/** What the audit log is told of a request; see `AuditEvent`. */
export interface AuditNote {
  type: AuditEventType
  actor?: string | undefined
  target?: string | undefined
  clientId?: string | undefined
  details?: Record<string, unknown> | undefined
}

/** Writes to the audit log what a request did. Neither throws nor waits. */
export type Audit = (event: AuditNote, request: RequestFacts) => void

/** The same; the caller is the actor. */
export type AuditAsCaller = (
  event: Omit<AuditNote, 'actor' | 'clientId'>,
  call: Pick<ApiCall<unknown, unknown, unknown>, 'caller' | 'request'>,
) => void
