/** What every store of limits promises (`src/storage/limits.ts`), in SQL and in Redis. */
import type { ExecutionContext, TestFn } from 'ava'
import type { LimitStore } from '#storage/limits.ts'
import { inParallel } from './in-parallel.ts'

export interface LimitBackend {
  limits: LimitStore
  /** The same counters through other connections, as a second process has them. */
  beside: LimitStore
  now(): number
  /** Lets so much time pass, for the store. */
  pass(ms: number): Promise<void>
  /** Whether counters vanish without `removeExpired`. */
  expiresByItself: boolean
}

type Open = (t: ExecutionContext) => Promise<LimitBackend>

const minute = 60_000

export function limitsContract(test: TestFn, open: Open): void {
  counting(test, open)
  expiry(test, open)
}

function counting(test: TestFn, open: Open): void {
  test('limits: hit() counts from one, in a span that begins with the first', async (t) => {
    const { limits, now, pass } = await open(t)
    const before = now()
    const { count, resetAt } = await limits.hit('a', minute)
    t.is(count, 1)
    t.true(resetAt >= before + minute && resetAt <= now() + minute)
    await pass(20)
    t.deepEqual(await limits.hit('a', minute), { count: 2, resetAt })
    t.deepEqual(await limits.hit('a', 2 * minute), { count: 3, resetAt })
  })

  test('limits: fifty parallel hit() get the counts from 1 to 50', async (t) => {
    const { limits, beside } = await open(t)
    const hits = await inParallel([limits, beside], 50, (store) => store.hit('a', minute))
    const counts = hits.map(({ count }) => count).sort((a, b) => a - b)
    t.deepEqual(
      counts,
      Array.from({ length: 50 }, (_, index) => index + 1),
    )
    t.is(new Set(hits.map(({ resetAt }) => resetAt)).size, 1)
  })

  test('limits: keys of any characters are apart', async (t) => {
    const { limits } = await open(t)
    const keys = ['a', 'A', 'a ', 'á', '张伟 👩‍👩‍👧', 'a\0b', 'a{b}', '%', '', 'x'.repeat(100_000)]
    for (const key of keys) t.is((await limits.hit(key, minute)).count, 1)
    for (const key of keys) t.is((await limits.peek(key)).count, 1)
  })

  test('limits: peek() counts nothing', async (t) => {
    const { limits } = await open(t)
    t.is((await limits.peek('a')).count, 0)
    const hit = await limits.hit('a', minute)
    t.deepEqual(await limits.peek('a'), hit)
    t.deepEqual(await limits.peek('a'), hit)
  })

  test('limits: release() takes one back, and never goes below 0', async (t) => {
    const { limits } = await open(t)
    const { resetAt } = await limits.hit('a', minute)
    await limits.hit('a', minute)
    await limits.release('a')
    t.deepEqual(await limits.peek('a'), { count: 1, resetAt })
    for (let round = 0; round < 3; round++) await limits.release('a')
    t.is((await limits.peek('a')).count, 0)
    t.deepEqual(await limits.hit('a', minute), { count: 1, resetAt })
    await limits.release('b')
    t.is((await limits.hit('b', minute)).count, 1)
  })

  test('limits: fifty parallel hit() and release() come to nothing', async (t) => {
    const { limits, beside } = await open(t)
    for (let count = 0; count < 25; count++) await limits.hit('a', minute)
    await inParallel([limits, beside], 50, async (store, index) => {
      if (index < 25) await store.release('a')
      else await store.hit('a', minute)
    })
    t.is((await limits.peek('a')).count, 25)
  })

  test('limits: reset() forgets the counter and no other', async (t) => {
    const { limits } = await open(t)
    await limits.hit('a', minute)
    await limits.hit('b', minute)
    await limits.reset('a')
    await limits.reset('c')
    t.is((await limits.peek('a')).count, 0)
    t.is((await limits.hit('a', minute)).count, 1)
    t.is((await limits.peek('b')).count, 1)
  })
}

function expiry(test: TestFn, open: Open): void {
  test('limits: after the span the count begins again, in a new span', async (t) => {
    const { limits, now, pass } = await open(t)
    await limits.hit('a', 400)
    await limits.hit('a', 400)
    await pass(500)
    t.is((await limits.peek('a')).count, 0)
    await limits.release('a')
    const before = now()
    const { count, resetAt } = await limits.hit('a', minute)
    t.is(count, 1)
    t.true(resetAt >= before + minute)
  })

  test('limits: fifty parallel hit() after a span get the counts from 1 to 50', async (t) => {
    const { limits, beside, pass } = await open(t)
    await limits.hit('a', 400)
    await pass(500)
    const hits = await inParallel([limits, beside], 50, (store) => store.hit('a', minute))
    t.is(new Set(hits.map(({ count }) => count)).size, 50)
    t.is(Math.max(...hits.map(({ count }) => count)), 50)
  })

  test('limits: removeExpired() deletes no more than the limit, and nothing that counts', async (t) => {
    const { limits, pass, expiresByItself } = await open(t)
    for (const key of ['a', 'b', 'c']) await limits.hit(key, 400)
    await limits.hit('later', minute)
    await pass(500)
    const counts = []
    for (let round = 0; round < 3; round++) counts.push(await limits.removeExpired(2))
    t.deepEqual(counts, expiresByItself ? [0, 0, 0] : [2, 1, 0])
    t.is((await limits.peek('later')).count, 1)
  })
}
