/** What a storage whose database is a server promises when the server does not answer. */
import type { ExecutionContext, TestFn } from 'ava'
import { StorageUnavailable } from '#storage/errors.ts'
import type { Storage } from '#storage/storage.ts'
import { until } from '../flow/instances.ts'

export interface OutageBackend {
  storage: Storage
  /** Opens the same database with other limits; closed when the test ends. */
  reopen(limits: Partial<Limits>): Promise<Storage>
  /** Opens a database on a port where no one listens. */
  openNowhere(): Promise<Storage>
  /** Ends every connection to the database. */
  endConnections(): Promise<void>
  /** Keeps every row of `artifacts` to itself, so that writers wait, until the test ends or `letGo` is called. */
  lockArtifacts(): Promise<{ letGo(): Promise<void> }>
}

interface Limits {
  poolMax: number
  acquireTimeoutMs: number
  statementTimeoutMs: number
}

type Open = (t: ExecutionContext) => Promise<OutageBackend>

export function outagesContract(test: TestFn, open: Open): void {
  test('after every connection was ended, the next call works or says StorageUnavailable, and then all is well', async (t) => {
    const { storage, endConnections } = await open(t)
    await Promise.all(Array.from({ length: 20 }, (_, index) => find(storage, String(index))))
    await endConnections()
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => find(storage, String(index))),
    )
    for (const result of results) {
      if (result.status === 'rejected') t.true(result.reason instanceof StorageUnavailable)
    }
    await t.notThrowsAsync(find(storage, 'a'))
    t.deepEqual(await storage.check(), { database: 'ok', writes: 'ok' })
  })

  test('a statement whose connection ends rejects with StorageUnavailable', async (t) => {
    const { storage, endConnections, lockArtifacts } = await open(t)
    await storage.artifacts.put('Grant', 'a', { payload: '{}' })
    const { letGo } = await lockArtifacts()
    const waiting = t.throwsAsync(storage.artifacts.consume('Grant', 'a'), {
      instanceOf: StorageUnavailable,
    })
    await afterAMoment(endConnections)
    t.is((await waiting)?.part, 'database')
    await letGo()
    t.true(await storage.artifacts.consume('Grant', 'a'))
  })

  // Serial, because the other tests of the file would take the time that is measured.
  test.serial('a statement that takes too long rejects with StorageUnavailable', async (t) => {
    const { storage, reopen, lockArtifacts } = await open(t)
    await storage.artifacts.put('Grant', 'a', { payload: '{}' })
    const hasty = await reopen({ statementTimeoutMs: 1000 })
    const { letGo } = await lockArtifacts()
    const started = performance.now()
    await t.throwsAsync(hasty.artifacts.consume('Grant', 'a'), { instanceOf: StorageUnavailable })
    t.true(performance.now() - started < 5000)
    await letGo()
    t.true(await hasty.artifacts.consume('Grant', 'a'))
  })

  test.serial(
    'a call that gets no connection in time rejects with StorageUnavailable',
    async (t) => {
      const { storage, reopen, lockArtifacts } = await open(t)
      await storage.artifacts.put('Grant', 'a', { payload: '{}' })
      const small = await reopen({ poolMax: 2, acquireTimeoutMs: 300 })
      const { letGo } = await lockArtifacts()
      const consuming = [1, 2].map(() => small.artifacts.consume('Grant', 'a'))
      await afterAMoment(() => t.throwsAsync(find(small, 'b'), { instanceOf: StorageUnavailable }))
      t.deepEqual(await small.check(), { database: 'timeout', writes: 'timeout' })
      await letGo()
      t.is((await Promise.all(consuming)).filter(Boolean).length, 1)
      await t.notThrowsAsync(find(small, 'b'))
    },
  )

  test('connections() counts the calls that hold a connection and those that wait for one', async (t) => {
    const { storage, reopen, lockArtifacts } = await open(t)
    await storage.artifacts.put('Grant', 'a', { payload: '{}' })
    const small = await reopen({ poolMax: 1 })
    const { letGo } = await lockArtifacts()
    const consuming = small.artifacts.consume('Grant', 'a')
    await until(async () => small.connections().used === 1)
    const finding = find(small, 'b')
    await until(async () => small.connections().waiting === 1)
    t.deepEqual(small.connections(), { used: 1, free: 0, waiting: 1, max: 1 })
    await letGo()
    await Promise.all([consuming, finding])
    t.like(small.connections(), { used: 0, waiting: 0 })
  })

  test('withLock() rejects with StorageUnavailable when the lock was lost while the work ran', async (t) => {
    const { storage, endConnections } = await open(t)
    const working = storage.withLock('a', 0, endConnections)
    await t.throwsAsync(working, { instanceOf: StorageUnavailable })
    t.is(await storage.withLock('a', 0, async () => 1), 1)
  })

  test('without a server every call rejects with StorageUnavailable, and check() says so', async (t) => {
    const { openNowhere } = await open(t)
    const storage = await openNowhere()
    const expected = { instanceOf: StorageUnavailable }
    t.deepEqual(await storage.check(), { database: 'unreachable', writes: 'unreachable' })
    await t.throwsAsync(find(storage, 'a'), expected)
    await t.throwsAsync(storage.users.create({ id: 'a' }), expected)
    await t.throwsAsync(storage.migrate(), expected)
    await t.throwsAsync(storage.pendingMigrations(), expected)
    await t.throwsAsync(
      storage.withLock('a', 0, async () => 1),
      expected,
    )
  })
}

const find = (storage: Storage, key: string) => storage.artifacts.find('Grant', key)

async function afterAMoment(work: () => Promise<unknown>): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 200))
  await work()
}
