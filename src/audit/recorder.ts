import type { Clock } from '#lib/clock.ts'
import { newId } from '#lib/ids.ts'
import type { AuditEvent, AuditStore } from '#storage/audit.ts'

/**
 * The audit log's way in. `record` never waits and never fails: events gather in memory and are written in batches, so
 * that no token is delayed by them; a batch that could not be written is tried again with the next, and `stop` writes
 * what is left. A process that is killed loses the events of the last moment.
 */
export interface AuditRecorder {
  record(event: NewAuditEvent): void
  /** Writes what has gathered; resolves when it is written. */
  flush(): Promise<void>
  stop(): Promise<void>
}

export type NewAuditEvent = Omit<AuditEvent, 'id' | 'at'>

export interface AuditRecorderParts {
  store: AuditStore
  now: Clock
  onError(error: unknown): void
  intervalMs?: number
}

const maxBatch = 500
/** Past this the oldest go: a database that is away for hours must not fill the memory. */
const maxWaiting = 50_000

export function createAuditRecorder({
  store,
  now,
  onError,
  intervalMs = 200,
}: AuditRecorderParts): AuditRecorder {
  let waiting: AuditEvent[] = []
  let writing: Promise<void> = Promise.resolve()

  const writeAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, maxBatch)
      await store.add(batch)
      const written = new Set(batch)
      waiting = waiting.filter((event) => !written.has(event))
    }
  }
  const flush = (): Promise<void> => {
    writing = writing.then(writeAll, writeAll)
    return writing
  }
  const timer = setInterval(() => {
    if (waiting.length > 0) flush().catch(onError)
  }, intervalMs).unref()

  return {
    record(event) {
      waiting.push({ ...event, id: newId(), at: now() })
      if (waiting.length > maxWaiting) waiting.shift()
    },
    flush,
    async stop() {
      clearInterval(timer)
      await flush().catch(onError)
    },
  }
}
