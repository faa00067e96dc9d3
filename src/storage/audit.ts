/** Audit events: what happened, for administrators; only ever added to, and deleted after their time. */
export interface AuditEvent {
  /** UUIDv7; sorts by time. */
  id: string
  at: number
  /** Dotted name, such as `login.succeeded` or `client.updated`. */
  type: string
  /** Who did it: a user's id, or `client:<id>`, or `cli`, or `system`; absent when no one is known (a failed sign-in). */
  actor?: string | undefined
  /** Whom or what it was done to, such as `user:<id>`, `client:<id>`, `api_key:<id>`. */
  target?: string | undefined
  clientId?: string | undefined
  address?: string | undefined
  agent?: string | undefined
  traceId?: string | undefined
  /** More about it: before and after, secrets masked. */
  details?: Record<string, unknown> | undefined
}

export interface AuditFilter {
  /** A name, or its beginning with a final dot: `login.` */
  type?: string | undefined
  actor?: string | undefined
  target?: string | undefined
  /** Milliseconds; from (inclusive) and to (exclusive). */
  from?: number | undefined
  to?: number | undefined
  limit: number
  cursor?: string | undefined
}

export interface AuditStore {
  /** Adds all of them, or none. */
  add(events: readonly AuditEvent[]): Promise<void>

  /** Newest first. `next` is undefined on the last page. */
  list(filter: AuditFilter): Promise<{ events: AuditEvent[]; next: string | undefined }>

  /** Deletes at most `limit` events from before `time`; resolves to how many. */
  removeBefore(time: number, limit: number): Promise<number>
}
