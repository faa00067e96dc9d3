/** What every statistics store promises (`src/storage/statistics.ts`). */
import type { ExecutionContext, TestFn } from 'ava'
import { newId } from '#lib/ids.ts'
import { activeUsers } from '#storage/statistics.ts'
import type { Storage } from '#storage/storage.ts'
import { inParallel } from './in-parallel.ts'

type Open = (
  t: ExecutionContext,
) => Promise<{ storage: Storage; beside: Storage; now(): number; pass(ms: number): Promise<void> }>

const day = '2026-11-20'
const counted = (name: string, count: number, on = day) => ({ day: on, name, count })

export function statisticsContract(test: TestFn, open: Open): void {
  counters(test, open)
  totals(test, open)
}

function counters(test: TestFn, open: Open): void {
  test('statistics: list() returns the counters of the days, both ends included', async (t) => {
    const { statistics } = (await open(t)).storage
    const counts = ['2026-10-31', '2026-11-01', day, '2026-11-21'].map((on) => counted('a', 1, on))
    await statistics.add({ counts, active: [] })
    await statistics.add({ counts: [], active: [] })
    t.deepEqual(await statistics.list('2026-11-01', day), [
      counted('a', 1, '2026-11-01'),
      counted('a', 1),
    ])
    t.deepEqual(await statistics.list('2027-01-01', '2027-12-31'), [])
  })

  test('statistics: add() adds to what is there, twice in one batch too', async (t) => {
    const { statistics } = (await open(t)).storage
    const urn = 'token.issued:urn:ietf:params:oauth:grant-type:token-exchange'
    const counts = [counted('b', 2), counted(urn, 1), counted('b', 3)]
    await statistics.add({ counts, active: [] })
    await statistics.add({ counts: [counted('b', 10)], active: [] })
    t.deepEqual(await statistics.list(day, day), [counted('b', 15), counted(urn, 1)])
  })

  test('statistics: a user is active once a day', async (t) => {
    const { statistics } = (await open(t)).storage
    const [a, b] = [newId(), newId()]
    const active = [a, b, a].map((userId) => ({ day, userId }))
    await statistics.add({ counts: [], active })
    await statistics.add({ counts: [counted('x', 1)], active: [{ day: '2026-11-21', userId: a }] })
    await statistics.add({ counts: [], active: [...active, { day, userId: '张伟' }] })
    t.deepEqual(await statistics.list(day, '2026-11-21'), [
      counted(activeUsers, 2),
      counted('x', 1),
      counted(activeUsers, 1, '2026-11-21'),
    ])
  })

  test('statistics: forgetActive() forgets who was active, up to a day, and keeps the count', async (t) => {
    const { statistics } = (await open(t)).storage
    const days = ['2026-11-18', '2026-11-19', day]
    const active = days.flatMap((on) => [1, 2, 3].map(() => ({ day: on, userId: newId() })))
    await statistics.add({ counts: [], active })
    t.is(await statistics.forgetActive('2026-11-19', 4), 4)
    t.is(await statistics.forgetActive('2026-11-19', 4), 2)
    t.is(await statistics.forgetActive('2026-11-19', 4), 0)
    t.deepEqual(
      await statistics.list(days[0]!, day),
      days.map((on) => counted(activeUsers, 3, on)),
    )
  })

  test('statistics: what processes add at once is all counted, and no one twice', async (t) => {
    const { storage, beside } = await open(t)
    const people = Array.from({ length: 137 }, () => newId())
    await inParallel([storage.statistics, beside.statistics], 20, (store, index) =>
      store.add({
        counts: [counted('b', 1), counted('a', 2)],
        active: (index % 2 ? people : people.toReversed()).map((userId) => ({ day, userId })),
      }),
    )
    t.deepEqual(await storage.statistics.list(day, day), [
      counted('a', 40),
      counted('b', 20),
      counted(activeUsers, 137),
    ])
  })
}

function totals(test: TestFn, open: Open): void {
  test('statistics: totals() counts what there is, and users since the times', async (t) => {
    const { storage, now, pass } = await open(t)
    const { statistics } = storage
    const zero = { users: 0, bannedUsers: 0, newUsers: [0, 0], clients: 0, apiKeys: 0 }
    t.deepEqual(await statistics.totals([0, now()]), zero)
    t.deepEqual(await statistics.totals([]), { ...zero, newUsers: [] })

    const userId = newId()
    await storage.users.create({ id: userId })
    await storage.users.create({ id: newId(), bannedAt: now() })
    await pass(10_000)
    await storage.users.create({ id: newId() })
    await storage.clients.put({ id: 'c', metadata: {}, secretHashes: [] })
    const key = { id: 'k', userId, name: 'k', hash: 'h', scopes: [], createdAt: now() }
    await storage.apiKeys.create(key)
    t.deepEqual(await statistics.totals([now(), now() - 10_000, now() + 1]), {
      users: 3,
      bannedUsers: 1,
      newUsers: [1, 3, 0],
      clients: 1,
      apiKeys: 1,
    })
  })

  test('statistics: backlog() counts waiting and failed mails, and finds the oldest mail and expiry', async (t) => {
    const { storage, now, pass } = await open(t)
    const { statistics, mailQueue, artifacts } = storage
    const empty = {
      waitingMails: 0,
      failedMails: 0,
      oldestMailAt: undefined,
      firstExpiryAt: undefined,
    }
    t.deepEqual(await statistics.backlog(), empty)
    const expiresAt = now() + 1000
    await artifacts.put('Grant', 'later', { payload: '{}', expiresAt: expiresAt + 1 })
    await artifacts.put('Grant', 'first', { payload: '{}', expiresAt })
    await artifacts.put('Grant', 'endless', { payload: '{}' })
    await mailQueue.add({ id: 'a', to: 'a@example.com', subject: 'a', sealedBody: 'a' })
    await mailQueue.failed('a', 'no', undefined)
    await pass(5000)
    const oldestMailAt = now()
    for (const id of ['b', 'c']) {
      await mailQueue.add({ id, to: 'a@example.com', subject: id, sealedBody: id })
      await pass(5000)
    }
    t.deepEqual(await statistics.backlog(), {
      waitingMails: 2,
      failedMails: 1,
      oldestMailAt,
      firstExpiryAt: expiresAt,
    })
  })
}
