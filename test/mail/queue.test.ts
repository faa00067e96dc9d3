import test, { type ExecutionContext } from 'ava'
import { createSealer } from '#lib/sealing.ts'
import type { Mail } from '#mail/mailer.ts'
import { createMailQueue } from '#mail/queue.ts'
import { openStorage } from '../support/storage.ts'

const mail = { to: 'li@example.com', subject: '欢迎', text: '你好', html: '<p>你好</p>' }
const sealer = createSealer(['a secret of the server'], 'mail')
const second = 1000
const minute = 60 * second
const hour = 60 * minute

/** A queue that no one but the test works, before a mail server that is away until it is told to come back. */
async function open(t: ExecutionContext) {
  const { storage, clock } = await openStorage(t)
  const sent: Mail[] = []
  const server = { isAway: true, tries: 0 }
  const errors: unknown[] = []
  const queue = createMailQueue({
    store: storage.mailQueue,
    async send(given) {
      server.tries++
      if (server.isAway) throw new Error('connection refused')
      sent.push(given)
    },
    sealer,
    now: () => clock.now,
    pollMs: hour,
    onError: (error) => errors.push(error),
  })
  t.teardown(queue.stop)
  const listed = async () => (await storage.mailQueue.list({ limit: 10 })).mails
  return { storage, clock, queue, server, sent, errors, listed }
}

test('a mail is tried again after longer and longer pauses, and given up after the eighth try', async (t) => {
  const { clock, queue, server, listed, errors } = await open(t)
  await queue.enqueue(mail)
  await queue.work()
  t.is(server.tries, 1)
  const pauses = [10 * second, minute, 5 * minute, 30 * minute, 2 * hour, 4 * hour, 8 * hour]
  for (const [index, pause] of pauses.entries()) {
    clock.now += pause - 1
    await queue.work()
    t.is(server.tries, index + 1, `before ${pause}`)
    t.like((await listed())[0], { state: 'waiting', lastError: 'connection refused' })
    clock.now += 1
    await queue.work()
    t.is(server.tries, index + 2, `after ${pause}`)
  }
  t.is((await listed())[0]?.state, 'failed')
  clock.now += 365 * 24 * hour
  t.is(await queue.work(), 0)
  t.is(server.tries, 8)
  t.is(errors.length, 8)
})

test('a mail that was taken is gone from the queue, and is not sent again', async (t) => {
  const { clock, queue, server, sent, listed } = await open(t)
  await queue.enqueue(mail)
  await queue.work()
  server.isAway = false
  clock.now += 10 * second
  t.is(await queue.work(), 1)
  t.deepEqual(sent, [mail])
  t.deepEqual(await listed(), [])
  clock.now += 24 * hour
  t.is(await queue.work(), 0)
  t.is(server.tries, 2)
})

test('a mail whose process died while it sent is sent by another, a minute later', async (t) => {
  const { storage, clock, queue, server, sent } = await open(t)
  server.isAway = false
  const sealedBody = sealer.seal(JSON.stringify(mail), 'a-mail')
  await storage.mailQueue.add({ id: 'a-mail', to: mail.to, subject: mail.subject, sealedBody })
  await storage.mailQueue.claim(20, minute)
  t.is(await queue.work(), 0)
  clock.now += minute
  t.is(await queue.work(), 1)
  t.deepEqual(sent, [mail])
})

test('a mail that no secret opens any more is not sent, and says why', async (t) => {
  const { storage, queue, server, listed } = await open(t)
  server.isAway = false
  const sealedBody = createSealer(['another secret'], 'mail').seal(JSON.stringify(mail), 'a-mail')
  await storage.mailQueue.add({ id: 'a-mail', to: mail.to, subject: mail.subject, sealedBody })
  t.is(await queue.work(), 0)
  t.is(server.tries, 0)
  t.regex((await listed())[0]!.lastError!, /SECRET_KEY/)
})
