import type { Logger } from 'pino'
import { activeUserOf, countedAs, counterName } from '#audit/counted.ts'
import { createDailyCounter } from '#audit/daily.ts'
import { createAuditRecorder, type AuditRecorder, type NewAuditEvent } from '#audit/recorder.ts'
import { createStatistics, type ReadStatistics } from '#audit/statistics.ts'
import type { Config } from '#config/load.ts'
import { createMetrics, type Metrics } from '#http/metrics.ts'
import type { AuditEventType } from '#lib/audit-events.ts'
import type { Clock } from '#lib/clock.ts'
import type { Storage } from '#storage/storage.ts'
import type { Passwords } from '#users/passwords.ts'

/** What the server knows of itself: the audit log, the counters that follow from it, and how long requests take. */
export interface Telemetry {
  audit: Omit<AuditRecorder, 'record'> & {
    record(event: NewAuditEvent & { type: AuditEventType }): void
  }
  metrics: Metrics
  statistics: ReadStatistics
}

export interface TelemetryParts {
  config: Pick<Config, 'AUDIT_WRITES' | 'PASSWORD_QUEUE_MAX'>
  storage: Storage
  passwords: Pick<Passwords, 'waiting'>
  log: Logger
  now: Clock
}

export function createTelemetry(parts: TelemetryParts): Telemetry {
  const { config, storage, passwords, log, now } = parts
  const { statistics: store, artifacts } = storage
  const metrics = createMetrics({
    now,
    passwords: () => ({ waiting: passwords.waiting(), max: config.PASSWORD_QUEUE_MAX }),
    connections: () => storage.connections(),
    storageFailures: () => storage.failures(),
    audit: () => recorder.backlog(),
    backlog: () => store.backlog(),
  })
  const recorder = createAuditRecorder({
    store: storage.audit,
    now,
    batched: config.AUDIT_WRITES === 'batched',
    onError: (error) => log.error({ err: error }, 'audit events wait to be written'),
  })
  const daily = createDailyCounter({
    store,
    now,
    onError: (error) => log.error({ err: error }, 'counters wait to be written'),
  })
  return {
    metrics,
    statistics: createStatistics({ store, artifacts, operations: () => metrics.operations(), now }),
    audit: {
      record(event) {
        recorder.record(event)
        const counted = countedAs(event)
        if (counted) daily.count(counterName(counted))
        if (counted?.what === 'login') metrics.countLogin(counted.outcome)
        if (counted?.what === 'token') metrics.countToken(counted.grantType)
        const userId = activeUserOf(event)
        if (userId !== undefined) daily.active(userId)
      },
      during: recorder.during,
      backlog: recorder.backlog,
      async flush() {
        await Promise.all([recorder.flush(), daily.flush()])
      },
      async stop() {
        await Promise.all([recorder.stop(), daily.stop()])
      },
    },
  }
}
