import test from 'ava'
import { createAuditRecorder } from '#audit/recorder.ts'
import { StorageUnavailable } from '#storage/errors.ts'
import { openStorage } from '../support/storage.ts'

const event = (actor: string) => ({ type: 'login.succeeded', actor })
const never = { onError: () => {}, intervalMs: 3_600_000 }

async function open(t: Parameters<typeof openStorage>[0], options: { batched?: boolean } = {}) {
  const { storage, clock } = await openStorage(t)
  const batches: string[][] = []
  let isAway = false
  const store = {
    ...storage.audit,
    async add(events: Parameters<typeof storage.audit.add>[0]) {
      if (isAway) throw new StorageUnavailable('database')
      batches.push(events.map(({ actor = '' }) => actor))
      await storage.audit.add(events)
    },
  }
  const recorder = createAuditRecorder({ ...never, ...options, store, now: () => clock.now })
  t.teardown(() => recorder.stop())
  const written = async () =>
    (await storage.audit.list({ limit: 10 })).events.map(({ actor }) => String(actor)).toSorted()
  return { recorder, written, batches, go: (away: boolean) => void (isAway = away) }
}

test('what a request records is written before it is answered', async (t) => {
  const { recorder, written } = await open(t)
  const answer = await recorder.during(async () => {
    recorder.record(event('li'))
    return 'answer'
  })
  t.is(answer, 'answer')
  t.deepEqual(await written(), ['li'])
})

test('a request whose events cannot be written is not answered, and they are written later', async (t) => {
  const { recorder, written, go } = await open(t)
  go(true)
  const request = recorder.during(async () => recorder.record(event('li')))
  await t.throwsAsync(request, { instanceOf: StorageUnavailable })
  go(false)
  await recorder.flush()
  t.deepEqual(await written(), ['li'])
})

test('requests at once share a write', async (t) => {
  const { recorder, written, batches } = await open(t)
  const names = ['a', 'b', 'c', 'd', 'e']
  await Promise.all(names.map((name) => recorder.during(async () => recorder.record(event(name)))))
  t.deepEqual(await written(), names)
  t.true(batches.length <= 2, JSON.stringify(batches))
})

test('no request waits for a client’s own token, nor for anything when events are batched', async (t) => {
  const token = { type: 'token.issued', actor: 'client:a' }
  const waiting = await open(t)
  await waiting.recorder.during(async () => waiting.recorder.record(token))
  t.deepEqual(await waiting.written(), [])
  const batched = await open(t, { batched: true })
  await batched.recorder.during(async () => batched.recorder.record(event('li')))
  t.deepEqual(await batched.written(), [])
})
