/** What a storage whose database is a server promises when the server falls silent: no refusal, no end, just no answer. */
import type { ExecutionContext, TestFn } from 'ava'
import { AlreadyExists, StorageUnavailable } from '#storage/errors.ts'
import type { Storage } from '#storage/storage.ts'
import type { Proxy } from '../support/proxy.ts'

export interface SilenceBackend {
  /** A pool of three connections through `proxy`; a statement may take a second. */
  storage: Storage
  proxy: Proxy
  /** Told of every statement before it is sent. */
  onStatement(listener: (sql: string) => void): void
  /** The same database by another way. */
  beside: Storage
  /** What our own statements on connections begin with. */
  words: { settings: string; lock: string; unlock: string }
}

type Open = (t: ExecutionContext) => Promise<SilenceBackend>

const poolMax = 3
const unavailable = { instanceOf: StorageUnavailable }

/** Serial, because their time limits are short. */
export function silenceContract({ serial: test }: TestFn, open: Open): void {
  transactions(test, open)
  connections(test, open)
}

function transactions(test: TestFn['serial'], open: Open): void {
  test('silence at any step of a transaction is StorageUnavailable, and costs the pool nothing', async (t) => {
    const { storage, proxy, onStatement, beside } = await open(t)
    const ids = Array.from({ length: poolMax }, (_, index) => `user-${index}`)
    for (const id of ids) await beside.users.create({ id })
    const updates = (nickname: string) => ids.map((id) => storage.users.update(id, { nickname }))
    for (const step of [/^(BEGIN|START TRANSACTION)/, /^UPDATE/, /^SELECT/, /^COMMIT/]) {
      await untilServed(() => Promise.all(updates('before')))
      onStatement((sql) => step.test(sql) && proxy.silence('requests'))
      t.timeout(30_000)
      for (const outcome of await Promise.allSettled(updates('lost')))
        t.true('reason' in outcome && outcome.reason instanceof StorageUnavailable, String(step))
      onStatement(() => undefined)
      proxy.resume()
      await untilServed(() => storage.users.findById('a'))
      t.is((await Promise.all(updates(`after ${step}`))).length, poolMax)
      t.is((await beside.users.findById(ids[0]!))?.nickname, `after ${step}`)
    }
  })

  test('a transaction has one time limit for all its statements, and is undone when it has passed', async (t) => {
    const { storage, proxy, beside } = await open(t)
    await beside.users.create({ id: 'a', nickname: 'before' })
    await untilServed(() => storage.users.findById('a'))
    // Each of its four statements is in time.
    proxy.delay(900)
    await t.throwsAsync(storage.users.update('a', { nickname: 'after' }), unavailable)
    t.is((await beside.users.findById('a'))?.nickname, 'before')
  })

  test('a COMMIT without an answer is StorageUnavailable, though it was done, and is not done again', async (t) => {
    const { storage, proxy, onStatement, beside } = await open(t)
    const sent: string[] = []
    onStatement((sql) => {
      sent.push(sql.split(' ', 3).join(' '))
      if (sql === 'COMMIT') proxy.silence('answers')
    })
    t.timeout(30_000)
    await t.throwsAsync(storage.users.create({ id: 'a' }), unavailable)
    t.deepEqual(sent.slice(1), ['INSERT INTO users', 'COMMIT'])
    t.truthy(await beside.users.findById('a'))
  })

  test('a ROLLBACK without an answer leaves the refusal what it was, and the pool whole', async (t) => {
    const { storage, proxy, onStatement } = await open(t)
    const email = 'wei@example.com'
    await storage.users.create({ id: 'a', email })
    const again = Array.from({ length: poolMax }, (_, index) =>
      storage.users.create({ id: `b-${index}`, email }),
    )
    onStatement((sql) => sql === 'ROLLBACK' && proxy.silence('requests'))
    t.timeout(30_000)
    const reasons = (await Promise.allSettled(again)).map((one) => 'reason' in one && one.reason)
    t.true(reasons.some((reason) => reason instanceof AlreadyExists))
    t.true(
      reasons.every((one) => [AlreadyExists, StorageUnavailable].some((k) => one instanceof k)),
    )
    proxy.resume()
    await untilServed(() => storage.users.findById('a'))
    await t.throwsAsync(storage.users.create({ id: 'c', email }), { instanceOf: AlreadyExists })
  })
}

function connections(test: TestFn['serial'], open: Open): void {
  test('silence while connections are made is StorageUnavailable, and the next ones work', async (t) => {
    const { storage, proxy, words } = await open(t)
    proxy.silenceAt(words.settings)
    t.timeout(30_000)
    for (const round of [1, 2]) {
      const finding = Array.from({ length: poolMax + 1 }, () => storage.users.findById('a'))
      const outcomes = await Promise.allSettled(finding)
      t.true(
        outcomes.every((one) => 'reason' in one && one.reason instanceof StorageUnavailable),
        `round ${round}`,
      )
    }
    proxy.resume()
    await t.notThrowsAsync(untilServed(() => storage.users.findById('a')))
  })

  test('idle connections of a server that fell silent are not waited for one by one', async (t) => {
    const { storage, proxy } = await open(t)
    // Some are made and never used, when another is free sooner.
    await Promise.all(['a', 'b', 'c'].map((id) => storage.users.findById(id)))
    proxy.silence('requests')
    t.timeout(30_000)
    await t.throwsAsync(storage.users.findById('a'), unavailable)
    proxy.resume()
    await t.notThrowsAsync(storage.users.findById('a'))
  })

  test('a lock whose connection falls silent is StorageUnavailable, and to be had again', async (t) => {
    const { storage, proxy, words } = await open(t)
    for (const word of [words.lock, words.unlock]) {
      proxy.silenceAt(word)
      t.timeout(30_000)
      await t.throwsAsync(
        storage.withLock('a', 0, async () => 1),
        unavailable,
        word,
      )
      proxy.resume()
      t.is(await storage.withLock('a', 10_000, async () => 1), 1)
    }
  })

  test('pendingMigrations() and check() end when the server falls silent', async (t) => {
    const { storage, proxy } = await open(t)
    await storage.check()
    proxy.silence('requests')
    t.timeout(30_000)
    t.deepEqual(await storage.check(), { database: 'timeout', writes: 'timeout' })
    await t.throwsAsync(storage.pendingMigrations(), unavailable)
    proxy.resume()
    t.deepEqual(await untilServed(() => storage.pendingMigrations()), [])
  })
}

/** What the call resolves to, once it is served: a connection that was begun in silence fails first. Rejects after 10 seconds. */
async function untilServed<T>(call: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + 10_000; ;) {
    try {
      return await call()
    } catch (error) {
      if (!(error instanceof StorageUnavailable) || Date.now() > deadline) throw error
    }
  }
}
