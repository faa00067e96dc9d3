import test from 'ava'
import { Registry } from 'prom-client'
import { gauges, type GaugeParts } from '#http/gauges.ts'

const now = 1_000_000

function metricsOf(parts: Partial<GaugeParts>): Registry {
  const registry = new Registry()
  const all = gauges({
    now: () => now,
    passwords: () => ({ waiting: 3, max: 64 }),
    connections: () => ({ used: 2, free: 1, waiting: 4, max: 10 }),
    storageFailures: () => ({ database: 5 }),
    audit: () => ({ waiting: 6, dropped: 7 }),
    backlog: async () => ({
      waitingMails: 8,
      failedMails: 9,
      oldestMailAt: now - 60_000,
      firstExpiryAt: now - 90_000,
    }),
    ...parts,
  })
  for (const metric of all) registry.registerMetric(metric)
  return registry
}

const linesOf = async (registry: Registry): Promise<string[]> =>
  (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))

const ofTheProcess = [
  'yumen_password_queue_length 3',
  'yumen_password_queue_max 64',
  'yumen_database_pool_connections{state="used"} 2',
  'yumen_database_pool_connections{state="free"} 1',
  'yumen_database_pool_max 10',
  'yumen_database_pool_waiting 4',
  'yumen_storage_errors_total{part="database"} 5',
  'yumen_audit_queue_length 6',
  'yumen_audit_events_dropped_total 7',
]

test('the gauges report the length of queues, and ages in seconds', async (t) => {
  const registry = metricsOf({})
  const expected = [
    ...ofTheProcess,
    'yumen_mails{state="waiting"} 8',
    'yumen_mails{state="failed"} 9',
    'yumen_mail_oldest_waiting_seconds 60',
    'yumen_sweeper_lag_seconds 90',
  ]
  t.deepEqual(await linesOf(registry), expected)
  t.deepEqual(await linesOf(registry), expected, 'counters do not add up')
})

test('an age is zero if nothing waits or nothing has expired yet', async (t) => {
  const empty = { waitingMails: 0, failedMails: 0, oldestMailAt: undefined }
  for (const firstExpiryAt of [undefined, now + 60_000]) {
    const lines = await linesOf(metricsOf({ backlog: async () => ({ ...empty, firstExpiryAt }) }))
    t.true(lines.includes('yumen_mail_oldest_waiting_seconds 0'))
    t.true(lines.includes('yumen_sweeper_lag_seconds 0'))
  }
})

test('while the database hangs only its gauges are absent, and it is queried once', async (t) => {
  let asked = 0
  let answer = (): void => undefined
  const registry = metricsOf({
    async backlog() {
      asked += 1
      await new Promise<void>((resolve) => (answer = resolve))
      return { waitingMails: 0, failedMails: 0, oldestMailAt: undefined, firstExpiryAt: undefined }
    },
  })
  t.deepEqual(await linesOf(registry), ofTheProcess)
  const later = linesOf(registry)
  t.is(asked, 1, 'a second scrape shares the query')
  answer()
  t.is((await later).length, ofTheProcess.length + 4)
})
