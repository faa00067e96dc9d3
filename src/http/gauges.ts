import { Counter, Gauge, type Metric } from 'prom-client'
import type { Clock } from '#lib/clock.ts'
import type { Backlog } from '#storage/statistics.ts'
import type { Connections, Storage } from '#storage/storage.ts'

/** Where the gauges get their values. Nothing is read until the metrics are scraped. */
export interface GaugeParts {
  now: Clock
  passwords(): { waiting: number; max: number }
  connections(): Connections
  storageFailures(): ReturnType<Storage['failures']>
  audit(): { waiting: number; dropped: number }
  /** Queries the database. */
  backlog(): Promise<Backlog>
}

interface Spec {
  name: string
  help: string
  /** Absent for a single value, which `read` returns under ''. */
  label?: string
  /** Values by label; undefined while they are unknown. */
  read(): Values | Promise<Values>
}

type Values = Record<string, number> | undefined

/** A scrape times out after 10 s by default, and a database that hangs must not cost the other metrics. */
const timeoutMs = 2000

export function gauges(parts: GaugeParts): Metric[] {
  const { passwords, connections, audit, storageFailures } = parts
  const one = (read: () => number) => () => ({ '': read() })
  return [
    gauge({
      name: 'yumen_password_queue_length',
      help: 'Passwords that wait to be hashed.',
      read: one(() => passwords().waiting),
    }),
    gauge({
      name: 'yumen_password_queue_max',
      help: 'How many passwords may wait; beyond that requests get 503.',
      read: one(() => passwords().max),
    }),
    gauge({
      name: 'yumen_database_pool_connections',
      help: 'Connections of this process to the database, by state.',
      label: 'state',
      read() {
        const { used, free } = connections()
        return { used, free }
      },
    }),
    gauge({
      name: 'yumen_database_pool_max',
      help: 'The most connections that this process opens to the database.',
      read: one(() => connections().max),
    }),
    gauge({
      name: 'yumen_database_pool_waiting',
      help: 'Calls that wait for a connection to the database.',
      read: one(() => connections().waiting),
    }),
    counter({
      name: 'yumen_storage_errors_total',
      help: 'Calls that the database or Redis did not answer.',
      label: 'part',
      read: () => ({ ...storageFailures() }),
    }),
    gauge({
      name: 'yumen_audit_queue_length',
      help: 'Audit events of this process that wait to be written.',
      read: one(() => audit().waiting),
    }),
    counter({
      name: 'yumen_audit_events_dropped_total',
      help: 'Audit events that were lost because too many waited.',
      read: one(() => audit().dropped),
    }),
    ...backlogGauges(parts),
  ]
}

/** These describe the database, so every process reports the same. Absent while it does not answer. */
function backlogGauges({ now, ...parts }: GaugeParts): Metric[] {
  const backlog = shared(parts.backlog)
  const read = (values: (backlog: Backlog) => Record<string, number>) => async () =>
    within(timeoutMs, backlog()).then(values, () => undefined)
  const secondsSince = (at = Infinity): number => Math.max(0, (now() - at) / 1000)
  return [
    gauge({
      name: 'yumen_mails',
      help: 'Mails in the queue, by state; failed ones are not retried.',
      label: 'state',
      read: read(({ waitingMails, failedMails }) => ({
        waiting: waitingMails,
        failed: failedMails,
      })),
    }),
    gauge({
      name: 'yumen_mail_oldest_waiting_seconds',
      help: 'How long the oldest waiting mail has been in the queue.',
      read: read(({ oldestMailAt }) => ({ '': secondsSince(oldestMailAt) })),
    }),
    gauge({
      name: 'yumen_sweeper_lag_seconds',
      help: 'How long the oldest expired record has been overdue for deletion.',
      read: read(({ firstExpiryAt }) => ({ '': secondsSince(firstExpiryAt) })),
    }),
  ]
}

function gauge(spec: Spec): Metric {
  return new Gauge<string>({
    ...describe(spec),
    async collect() {
      await update(spec, (labels, value) => this.set(labels, value), this)
    },
  })
}

function counter(spec: Spec): Metric {
  return new Counter<string>({
    ...describe(spec),
    async collect() {
      await update(spec, (labels, value) => this.inc(labels, value), this)
    },
  })
}

const describe = ({ name, help, label }: Spec) => ({
  name,
  help,
  labelNames: label === undefined ? [] : [label],
  registers: [],
})

async function update(
  { label, read }: Spec,
  write: (labels: Record<string, string>, value: number) => void,
  metric: Gauge | Counter,
): Promise<void> {
  const values = await read()
  metric.reset()
  // `reset` sets a metric without labels to 0, which would claim a value that is unknown.
  if (label === undefined) metric.remove()
  for (const [key, value] of Object.entries(values ?? {}))
    write(label === undefined ? {} : { [label]: key }, value)
}

/** Callers that arrive while a call is in flight share it. */
function shared<T>(call: () => Promise<T>): () => Promise<T> {
  let inFlight: Promise<T> | undefined
  return () => {
    inFlight ??= call().finally(() => (inFlight = undefined))
    return inFlight
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`no answer in ${ms} ms`)), ms)
  return Promise.race([work, promise]).finally(() => clearTimeout(timer))
}
