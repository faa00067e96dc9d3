import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '#lib/clock.ts'
import { newId } from '#lib/ids.ts'
import type { AuditEvent, AuditStore } from '#storage/audit.ts'

/**
 * The audit log's way in. `record` never waits and never fails: events gather in memory and are written in batches, each
 * as soon as the one before is written, and a batch that could not be written is tried again with the next. What a request
 * has recorded is written before its answer leaves (`during`), so that no acknowledged sign-in is missing after a crash.
 * `batched` gives that up: then a process that is killed loses the events of the last `intervalMs`.
 */
export interface AuditRecorder {
  record(event: NewAuditEvent): void
  /** Does `work`, and resolves once the events that it recorded are written. Rejects when they cannot be. */
  during<T>(work: () => Promise<T>): Promise<T>
  /** Writes what has gathered; resolves when it is written. */
  flush(): Promise<void>
  stop(): Promise<void>
  /** How many events wait to be written, and how many were dropped because too many were waiting. */
  backlog(): { waiting: number; dropped: number }
}

export type NewAuditEvent = Omit<AuditEvent, 'id' | 'at'>

export interface AuditRecorderParts {
  store: Pick<AuditStore, 'add'>
  now: Clock
  onError(error: unknown): void
  /** Whether requests do not wait for their events. */
  batched?: boolean
  intervalMs?: number
}

const maxBatch = 500
/** Past this the oldest go: a database that is away for hours must not fill the memory. */
const maxWaiting = 50_000

export function createAuditRecorder(parts: AuditRecorderParts): AuditRecorder {
  const { store, now, onError, batched = false, intervalMs = 200 } = parts
  const requests = new AsyncLocalStorage<{ hasRecorded: boolean }>()
  let waiting: AuditEvent[] = []
  let dropped = 0
  let writing: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined

  const writeAll = async (): Promise<void> => {
    next = undefined
    while (waiting.length > 0) {
      const batch = waiting.slice(0, maxBatch)
      await store.add(batch)
      const written = new Set(batch)
      waiting = waiting.filter((event) => !written.has(event))
    }
  }
  /** Those who come while a batch is being written share the next one. */
  const flush = (): Promise<void> => {
    next ??= writing = writing.then(writeAll, writeAll)
    return next
  }
  const timer = setInterval(() => {
    if (waiting.length > 0) flush().catch(onError)
  }, intervalMs).unref()

  return {
    record(event) {
      waiting.push({ ...event, id: newId(), at: now() })
      if (waiting.length > maxWaiting) {
        waiting.shift()
        dropped += 1
      }
      const request = requests.getStore()
      if (request && isAboutPerson(event)) request.hasRecorded = true
    },
    during: (work) => {
      const request = { hasRecorded: false }
      return requests.run(request, async () => {
        const result = await work()
        if (request.hasRecorded && !batched) await flush()
        return result
      })
    },
    flush,
    backlog: () => ({ waiting: waiting.length, dropped }),
    async stop() {
      clearInterval(timer)
      await flush().catch(onError)
    },
  }
}

/** Clients that act for themselves get many tokens, and none is a sign-in: no request waits for these events. */
const isAboutPerson = ({ type, actor }: NewAuditEvent): boolean =>
  !(type === 'token.issued' && actor?.startsWith('client:'))
