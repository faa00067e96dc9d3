/** What every mail queue promises (`src/storage/mail-queue.ts`). */
import type { ExecutionContext, TestFn } from 'ava'
import { newId } from '#lib/ids.ts'
import { InvalidCursor } from '#storage/errors.ts'
import type { MailQueueStore } from '#storage/mail-queue.ts'
import { inParallel } from './in-parallel.ts'
import { garbledCursors, visitAll } from './visit-all.ts'

export interface MailQueueBackend {
  mailQueue: MailQueueStore
  /** The same queue through other connections, as a second process has it. */
  beside: MailQueueStore
  now(): number
  pass(ms: number): Promise<void>
}

type Open = (t: ExecutionContext) => Promise<MailQueueBackend>

const mailTo = (to: string) => ({
  id: newId(),
  to,
  subject: '确认你的邮箱 😀',
  sealedBody: `sealed ${'雨'.repeat(50_000)}`,
})

export function mailQueueContract(test: TestFn, open: Open): void {
  claiming(test, open)
  failing(test, open)
  forgetting(test, open)
  looking(test, open)
}

function claiming(test: TestFn, open: Open): void {
  test('mail queue: claim() returns what add() queued, and puts it off by the lease', async (t) => {
    const { mailQueue, now, pass } = await open(t)
    const mail = mailTo('Wei@example.com')
    const createdAt = now()
    await mailQueue.add(mail)
    await pass(10)
    const expected = {
      ...mail,
      createdAt,
      attempts: 1,
      nextAttemptAt: now() + 1000,
      lastError: undefined,
      state: 'waiting' as const,
    }
    t.deepEqual(await mailQueue.claim(10, 1000), [expected])
    t.deepEqual(await mailQueue.claim(10, 1000), [])
    await pass(1000)
    t.like((await mailQueue.claim(10, 1000))[0], { id: mail.id, attempts: 2 })
  })

  test('mail queue: claim() takes no more than the limit, the longest due first', async (t) => {
    const { mailQueue, pass } = await open(t)
    const mails = []
    for (let index = 0; index < 5; index++) {
      const mail = mailTo(`${index}@example.com`)
      await mailQueue.add(mail)
      await pass(1)
      mails.push(mail.id)
    }
    const claimed = []
    for (let round = 0; round < 4; round++) {
      claimed.push((await mailQueue.claim(2, 60_000)).map(({ id }) => id))
    }
    t.deepEqual(claimed, [mails.slice(0, 2), mails.slice(2, 4), mails.slice(4), []])
  })

  test('mail queue: of fifty parallel claim() exactly one gets each mail', async (t) => {
    const { mailQueue, beside } = await open(t)
    const mails = Array.from({ length: 50 }, (_, index) => mailTo(`${index}@example.com`))
    for (const mail of mails) await mailQueue.add(mail)
    const claims = await inParallel([mailQueue, beside], 50, (store) => store.claim(2, 60_000))
    const taken = claims.flat().map(({ id }) => id)
    // Takers pass over what others are just taking, so some may have got less than there was.
    for (;;) {
      const rest = await mailQueue.claim(50, 60_000)
      if (rest.length === 0) break
      taken.push(...rest.map(({ id }) => id))
    }
    t.is(new Set(taken).size, taken.length)
    t.deepEqual(taken.sort(), mails.map(({ id }) => id).sort())
  })

  test('mail queue: done() deletes', async (t) => {
    const { mailQueue, pass } = await open(t)
    const [sent, other] = [mailTo('a@example.com'), mailTo('b@example.com')]
    await mailQueue.add(sent)
    await mailQueue.add(other)
    await mailQueue.done(sent.id)
    await mailQueue.done(sent.id)
    await pass(1)
    t.deepEqual(
      (await mailQueue.claim(10, 1000)).map(({ id }) => id),
      [other.id],
    )
  })
}

function failing(test: TestFn, open: Open): void {
  test('mail queue: failed() puts off until the given time, and keeps the reason', async (t) => {
    const { mailQueue, now, pass } = await open(t)
    const { id } = mailTo('a@example.com')
    await mailQueue.add({ ...mailTo('a@example.com'), id })
    await mailQueue.claim(1, 1000)
    const nextAttemptAt = now() + 5000
    await mailQueue.failed(id, `421 稍后再试 😀\0${'x'.repeat(5000)}`, nextAttemptAt)
    await pass(4999)
    t.deepEqual(await mailQueue.claim(1, 1000), [])
    await pass(1)
    const [again] = await mailQueue.claim(1, 1000)
    t.like(again, { id, attempts: 2, state: 'waiting' })
    t.is(again?.lastError, `421 稍后再试 😀${'x'.repeat(5000)}`)
  })

  test('mail queue: failed() without a time gives up, and the mail is still listed', async (t) => {
    const { mailQueue, pass } = await open(t)
    const mail = mailTo('a@example.com')
    await mailQueue.add(mail)
    await mailQueue.claim(1, 1000)
    await mailQueue.failed(mail.id, '550 no such user', undefined)
    await pass(1_000_000)
    t.deepEqual(await mailQueue.claim(1, 1000), [])
    const expected = { id: mail.id, state: 'failed', lastError: '550 no such user', attempts: 1 }
    t.like((await mailQueue.list({ limit: 10 })).mails[0], expected)
  })

  test('mail queue: retry() makes one that was given up due at once, and leaves the others', async (t) => {
    const { mailQueue, pass } = await open(t)
    const [lost, waiting] = [mailTo('a@example.com'), mailTo('b@example.com')]
    await mailQueue.add(lost)
    await mailQueue.add(waiting)
    await mailQueue.claim(2, 1000)
    await mailQueue.failed(lost.id, '550 no such user', undefined)
    t.true(await mailQueue.retry(lost.id))
    t.false(await mailQueue.retry(lost.id))
    t.false(await mailQueue.retry(waiting.id))
    for (const other of ['nothing', 'é', 'a\0b', '']) t.false(await mailQueue.retry(other))
    await pass(1)
    const again = await mailQueue.claim(10, 1000)
    t.deepEqual(
      again.map(({ id, attempts }) => [id, attempts]),
      [[lost.id, 1]],
    )
  })
}

function forgetting(test: TestFn, open: Open): void {
  test('mail queue: removeBefore() deletes no more than the limit, and nothing younger', async (t) => {
    const { mailQueue, now, pass } = await open(t)
    for (const to of ['a', 'b', 'c']) await mailQueue.add(mailTo(`${to}@example.com`))
    await pass(10)
    const young = mailTo('d@example.com')
    await mailQueue.add(young)
    const counts = []
    for (let round = 0; round < 3; round++) counts.push(await mailQueue.removeBefore(now(), 2))
    t.deepEqual(counts, [2, 1, 0])
    const left = (await mailQueue.list({ limit: 10 })).mails.map(({ id }) => id)
    t.deepEqual(left, [young.id])
  })
}

function looking(test: TestFn, open: Open): void {
  test('mail queue: list() of one state leaves out the other', async (t) => {
    const { mailQueue } = await open(t)
    const [lost, waiting] = [mailTo('a@example.com'), mailTo('b@example.com')]
    await mailQueue.add(lost)
    await mailQueue.add(waiting)
    await mailQueue.failed(lost.id, '550 no such user', undefined)
    for (const [state, id] of [
      ['failed', lost.id],
      ['waiting', waiting.id],
    ] as const) {
      const { mails } = await mailQueue.list({ limit: 10, state })
      t.deepEqual(
        mails.map((mail) => mail.id),
        [id],
      )
    }
  })

  test('mail queue: list() visits every mail once, newest first and without a body, while others are added', async (t) => {
    const { mailQueue, pass } = await open(t)
    const ids: string[] = []
    for (let index = 0; index < 25; index++) {
      const mail = { ...mailTo('a@example.com'), sealedBody: 'sealed' }
      if (index % 3 === 0) await pass(1)
      await mailQueue.add(mail)
      ids.push(mail.id)
    }
    const seen = await visitAll(async (cursor) => {
      const { mails, next } = await mailQueue.list({ limit: 4, cursor })
      await pass(1)
      await mailQueue.add(mailTo('b@example.com'))
      return { records: mails, next }
    })
    t.deepEqual(seen.map(({ id }) => id).sort(), ids.sort())
    t.true(seen.every(({ sealedBody, to }) => sealedBody === '' && to === 'a@example.com'))
    const times = seen.map(({ createdAt }) => createdAt)
    t.deepEqual(
      times,
      times.toSorted((a, b) => b - a),
    )
    for (const cursor of garbledCursors) {
      await t.throwsAsync(mailQueue.list({ limit: 4, cursor }), { instanceOf: InvalidCursor })
    }
  })
}
