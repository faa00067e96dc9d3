import test from 'ava'
import { createDailyCounter } from '#audit/daily.ts'
import { activeUsers } from '#storage/statistics.ts'
import { start } from '../support/start.ts'
import { openStorage } from '../support/storage.ts'

const never = 3_600_000

test('counts go to the day of their time in UTC, in one write', async (t) => {
  const { storage } = await openStorage(t)
  const clock = { now: Date.parse('2026-11-20T23:59:59.999Z') }
  const onError = (error: unknown) => t.fail(String(error))
  const store = storage.statistics
  const daily = createDailyCounter({ store, now: () => clock.now, onError, intervalMs: never })
  daily.count('a')
  daily.active('p')
  clock.now += 1
  for (let n = 0; n < 3; n++) daily.count('a')
  daily.active('p')
  await daily.stop()
  t.deepEqual(await storage.statistics.list('2026-11-01', '2026-11-30'), [
    { day: '2026-11-20', name: 'a', count: 1 },
    { day: '2026-11-20', name: activeUsers, count: 1 },
    { day: '2026-11-21', name: 'a', count: 3 },
    { day: '2026-11-21', name: activeUsers, count: 1 },
  ])
})

test('what could not be written is written the next time, with what came since', async (t) => {
  const { storage } = await openStorage(t)
  const away = new Error('away')
  let isAway = true
  const store = {
    add: async (batch: Parameters<typeof storage.statistics.add>[0]) => {
      if (isAway) throw away
      await storage.statistics.add(batch)
    },
  }
  const now = () => Date.parse('2026-11-20')
  const daily = createDailyCounter({ store, now, onError: () => {}, intervalMs: never })
  daily.count('a')
  daily.active('p')
  const failed = daily.flush()
  daily.count('a')
  daily.active('q')
  t.is(await t.throwsAsync(failed), away)
  isAway = false
  await daily.flush()
  daily.active('p')
  await daily.stop()
  t.deepEqual(await storage.statistics.list('2026-11-20', '2026-11-20'), [
    { day: '2026-11-20', name: 'a', count: 2 },
    { day: '2026-11-20', name: activeUsers, count: 2 },
  ])
})

test('who signs in or gets a token is active that day, a client for itself and a failure are no one', async (t) => {
  const fixture = await start(t)
  const { audit } = fixture.server.services.telemetry
  const events = [
    { type: 'login.succeeded', actor: 'a-person' },
    { type: 'token.issued', actor: 'another', details: { grant_type: 'refresh_token' } },
    { type: 'token.issued', actor: 'client:robot', details: { grant_type: 'client_credentials' } },
    { type: 'login.failed', details: { identifier: 'x' } },
    { type: 'user.updated', actor: 'a-third' },
  ] as const
  for (const event of events) audit.record(event)
  await audit.flush()
  const counts = await fixture.storage.statistics.list('2000-01-01', '2999-12-31')
  t.deepEqual(Object.fromEntries(counts.map(({ name, count }) => [name, count])), {
    [activeUsers]: 2,
    'login.failed': 1,
    'login.succeeded': 1,
    'token.issued:client_credentials': 1,
    'token.issued:refresh_token': 1,
    // The administrator of the first start.
    'user.registered': 1,
  })
})

test('a clean stop loses no count, and two servers count together', async (t) => {
  const fixture = await start(t)
  const beside = await start(t, { beside: fixture })
  for (const { services } of [fixture.server, beside.server])
    for (let n = 0; n < 20; n++)
      services.telemetry.audit.record({ type: 'login.succeeded', actor: `person-${n}` })
  await beside.server.stop()
  await fixture.server.services.telemetry.audit.flush()
  const counts = await fixture.storage.statistics.list('2000-01-01', '2999-12-31')
  const sum = (name: string): number =>
    counts.filter((one) => one.name === name).reduce((total, { count }) => total + count, 0)
  t.is(sum('login.succeeded'), 40)
  t.is(sum(activeUsers), 20)
})
