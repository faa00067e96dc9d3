import test, { type ExecutionContext } from 'ava'
import { startSweeper, sweep } from '#storage/sweeper.ts'
import { openSqlStorage } from '#storage/sql/open.ts'
import type { Storage } from '#storage/storage.ts'
import { openDatabase } from '../support/databases.ts'

async function opened(t: ExecutionContext): Promise<Storage> {
  const { url } = await openDatabase(t, 'sqlite', { tables: 'present' })
  const storage = await openSqlStorage({
    url,
    poolMax: 2,
    acquireTimeoutMs: 1000,
    statementTimeoutMs: 1000,
    now: Date.now,
  })
  t.teardown(() => storage.close())
  await storage.migrate()
  for (let index = 0; index < 25; index++) {
    await storage.artifacts.put('AccessToken', `old-${index}`, {
      payload: '{}',
      expiresAt: Date.now() - 1000,
    })
  }
  await storage.artifacts.put('AccessToken', 'live', {
    payload: '{}',
    expiresAt: Date.now() + 60_000,
  })
  return storage
}

test('sweep() deletes all that has expired, batch by batch, and nothing else', async (t) => {
  const storage = await opened(t)
  const batches: number[] = []
  const artifacts = {
    ...storage.artifacts,
    async removeExpired(limit: number) {
      batches.push(await storage.artifacts.removeExpired(limit))
      return batches.at(-1)!
    },
  }
  t.is(await sweep({ ...storage, artifacts }, 10), 25)
  t.deepEqual(batches, [10, 10, 5])
  t.truthy(await storage.artifacts.find('AccessToken', 'live'))
})

test('sweep() deletes counters whose span has ended', async (t) => {
  const storage = await opened(t)
  for (let index = 0; index < 25; index++) await storage.limits.hit(`old-${index}`, -1)
  await storage.limits.hit('live', 60_000)
  t.is(await sweep(storage, 10), 50)
  t.is((await storage.limits.peek('live')).count, 1)
})

test('sweep() leaves the work to the process that is at it', async (t) => {
  const storage = await opened(t)
  await storage.withLock('sweep', 0, async () => {
    t.is(await sweep(storage), 0)
  })
  t.is(await sweep(storage), 25)
})

test('a sweeper goes on after a failed sweep', async (t) => {
  const storage = await opened(t)
  const failures: unknown[] = []
  const swept = { count: 0 }
  const artifacts = {
    ...storage.artifacts,
    async removeExpired(limit: number) {
      if (failures.length === 0) throw new Error('away')
      swept.count += await storage.artifacts.removeExpired(limit)
      return 0
    },
  }
  const sweeper = startSweeper({ ...storage, artifacts }, 5, (error) => void failures.push(error))
  while (swept.count < 25) await new Promise((resolve) => setTimeout(resolve, 5))
  sweeper.stop()
  t.is(failures.length, 1)
})
