/** What every storage promises of `withLock` (`src/storage/storage.ts`). */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext, TestFn } from 'ava'
import type { Storage } from '#storage/storage.ts'
import { inParallel } from './in-parallel.ts'
import { startProcess } from './spawn.ts'

export interface LockBackend {
  url: string
  storage: Storage
  /** The same storage through other connections, as a second process has it. */
  beside: Storage
}

type Open = (t: ExecutionContext) => Promise<LockBackend>

export function locksContract(test: TestFn, open: Open): void {
  results(test, open)
  exclusion(test, open)
}

function results(test: TestFn, open: Open): void {
  test('withLock() resolves to what the work resolved to, and lets go', async (t) => {
    const { storage, beside } = await open(t)
    t.is(await storage.withLock('a', 0, async () => 1), 1)
    t.is(await storage.withLock('a', 0, async () => 2), 2)
    t.is(await beside.withLock('a', 0, async () => 3), 3)
  })

  test('withLock() rejects as the work rejected, and lets go', async (t) => {
    const { storage, beside } = await open(t)
    const failing = storage.withLock('a', 0, () => Promise.reject(new Error('from the work')))
    await t.throwsAsync(failing, { message: 'from the work' })
    t.is(await beside.withLock('a', 0, async () => 1), 1)
  })

  test('withLock() keeps names apart, long and odd ones too', async (t) => {
    const { storage, beside } = await open(t)
    const names = ['a', 'A', 'a/b', 'a b', '锁', `${'x'.repeat(60)}1`, `${'x'.repeat(60)}2`]
    const holding = names.map((name) => hold(storage, name))
    await Promise.all(holding.map(({ held }) => held))
    for (const name of names) t.is(await beside.withLock(name, 0, async () => 1), undefined)
    await Promise.all(holding.map(({ letGo }) => letGo()))
    for (const name of names) t.is(await beside.withLock(name, 0, async () => 1), 1)
  })

  test('the work of withLock() may use the storage, also when the pool is small', async (t) => {
    const { storage } = await open(t)
    const names = ['a', 'b', 'c', 'd']
    const work = (name: string) => () =>
      Promise.all(
        names.map((other) => storage.artifacts.put('Grant', name + other, { payload: '{}' })),
      )
    await t.notThrowsAsync(Promise.all(names.map((name) => storage.withLock(name, 0, work(name)))))
  })
}

function exclusion(test: TestFn, open: Open): void {
  // Serial, because the other tests of the file would take the time that is measured.
  test.serial(
    'withLock() does not wait when told so, in this process and in another',
    async (t) => {
      const { storage, beside } = await open(t)
      const { held, letGo } = hold(storage, 'a')
      await held
      for (const other of [storage, beside]) {
        const started = performance.now()
        t.is(await other.withLock('a', 0, async () => 1), undefined)
        t.true(performance.now() - started < 2000)
      }
      await letGo()
    },
  )

  test.serial('withLock() gives up after the wait, not before', async (t) => {
    const { storage, beside } = await open(t)
    const { held, letGo } = hold(storage, 'a')
    await held
    for (const other of [storage, beside]) {
      const started = performance.now()
      t.is(await other.withLock('a', 300, async () => 1), undefined)
      const waited = performance.now() - started
      t.true(waited >= 295 && waited < 3000, `waited ${waited} ms`)
    }
    await letGo()
  })

  test.serial(
    'withLock() gets the lock while it waits, and the process goes on meanwhile',
    async (t) => {
      const { storage, beside } = await open(t)
      const { held, letGo } = hold(storage, 'a')
      await held
      let ticks = 0
      const ticking = setInterval(() => ticks++, 10)
      t.teardown(() => clearInterval(ticking))
      const waiting = [storage, beside].map((other) => other.withLock('a', 20_000, async () => 1))
      await sleep(400)
      t.true(ticks > 10, `${ticks} ticks`)
      await letGo()
      t.deepEqual(await Promise.all(waiting), [1, 1])
    },
  )

  test('withLock() lets one work at a time, of many in two processes', async (t) => {
    const { storage, beside } = await open(t)
    let [inside, most, done] = [0, 0, 0]
    const work = async () => {
      most = Math.max(most, ++inside)
      await sleep(5)
      inside--
      done++
    }
    await inParallel([storage, beside], 20, (store) => store.withLock('a', 30_000, work))
    t.deepEqual({ most, done }, { most: 1, done: 20 })
  })

  test('a lock is free again when the process that held it was killed', async (t) => {
    const { url, storage } = await open(t)
    const other = startProcess(t, 'hold', url, 'a')
    t.is(await other.firstLine, 'held')
    t.is(await storage.withLock('a', 0, async () => 1), undefined)
    const waiting = storage.withLock('a', 20_000, async () => 1)
    await other.kill()
    t.is(await waiting, 1)
  })
}

/** Takes the lock and keeps it until told. */
function hold(storage: Storage, name: string): { held: Promise<void>; letGo(): Promise<void> } {
  const held = Promise.withResolvers<void>()
  const end = Promise.withResolvers<void>()
  const work = storage.withLock(name, 0, async () => {
    held.resolve()
    await end.promise
    return true
  })
  return {
    held: held.promise,
    async letGo() {
      end.resolve()
      if (!(await work)) throw new Error(`${name} was not to be had`)
    },
  }
}
