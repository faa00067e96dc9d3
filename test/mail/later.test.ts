import test from 'ava'
import { createSealer } from '#lib/sealing.ts'
import { createMailQueue } from '#mail/queue.ts'
import { StorageUnavailable } from '#storage/errors.ts'
import type { Storage } from '#storage/storage.ts'
import { openStorage } from '../support/storage.ts'

function queueOf(storage: Storage, clock: { now: number }) {
  const errors: string[] = []
  const queue = createMailQueue({
    store: storage.mailQueue,
    send: () => Promise.resolve(),
    sealer: createSealer(['a secret of thirty-two characters'], 'mail'),
    now: () => clock.now,
    pollMs: 1_000_000,
    onError: (error) => void errors.push(String(error)),
  })
  return { queue, errors }
}

test('later() keeps the work: the process that took it may end before it is done', async (t) => {
  const { storage, clock } = await openStorage(t)
  const [one, other] = [queueOf(storage, clock).queue, queueOf(storage, clock).queue]
  const done: unknown[] = []
  const wish = one.later('wish', async (..._values: unknown[]) => t.fail('it has stopped'))
  other.later('wish', async (...values: unknown[]) => void done.push(values))
  await one.stop()
  await wish('a', { b: 1 })
  t.is(await other.work(), 1)
  t.is(await other.work(), 0)
  t.deepEqual(done, [['a', { b: 1 }]])
  await other.stop()
})

test('work for later is tried again, and for as long as a backend of ours is away', async (t) => {
  const { storage, clock } = await openStorage(t)
  const { queue, errors } = queueOf(storage, clock)
  let tries = 0
  const wish = queue.later('wish', async () => {
    tries += 1
    if (tries < 30) throw new StorageUnavailable('redis')
  })
  await wish()
  for (let round = 0; round < 30; round++) {
    await queue.work()
    clock.now += 10_000
  }
  t.is(tries, 30)
  t.is(errors.length, 29)
  t.deepEqual((await storage.mailQueue.list({ limit: 10 })).mails, [])
  await queue.stop()
})

test('what is kept for later does not say whom it is about, in the list or in the database', async (t) => {
  const { storage, clock } = await openStorage(t)
  const { queue } = queueOf(storage, clock)
  const wish = queue.later('wish', async (_email: string) => undefined)
  await queue.stop()
  await wish('wei@example.com')
  const [listed] = (await storage.mailQueue.list({ limit: 10 })).mails
  t.like(listed, { to: '', subject: 'wish' })
  const [kept] = await storage.mailQueue.claim(1, 1000)
  t.notRegex(JSON.stringify(kept), /wei/)
})
