import test from 'ava'
import { createAuditRecorder } from '#audit/recorder.ts'
import type { AuditEvent } from '#storage/audit.ts'
import { openStorage } from '../support/storage.ts'

const never = 3_600_000
const now = () => 1

/** A store that is away until it is told otherwise, and what it was given. */
function storeOf() {
  const batches: AuditEvent[][] = []
  const state = { isAway: false }
  const store = {
    async add(events: readonly AuditEvent[]) {
      if (state.isAway) throw new Error('away')
      batches.push([...events])
    },
    list: () => Promise.reject(new Error('not asked here')),
    removeBefore: () => Promise.reject(new Error('not asked here')),
  }
  const types = () => batches.flat().map(({ type }) => type)
  return { store, state, batches, types }
}

test('what could not be written is written the next time, in order and once', async (t) => {
  const { store, state, types } = storeOf()
  const errors: unknown[] = []
  const recorder = createAuditRecorder({
    store,
    now,
    onError: (error) => errors.push(error),
    intervalMs: never,
  })
  state.isAway = true
  recorder.record({ type: 'a' })
  await t.throwsAsync(recorder.flush(), { message: 'away' })
  recorder.record({ type: 'b' })
  state.isAway = false
  await recorder.flush()
  t.deepEqual(types(), ['a', 'b'])
  await recorder.stop()
  t.deepEqual(types(), ['a', 'b'])
  t.deepEqual(errors, [])
})

test('a stop writes all that waits, in batches, and tells when it cannot', async (t) => {
  const { storage } = await openStorage(t)
  const recorder = createAuditRecorder({
    store: storage.audit,
    now,
    onError: (error) => t.fail(String(error)),
    intervalMs: never,
  })
  for (let n = 0; n < 1201; n++) recorder.record({ type: 'a' })
  await recorder.stop()
  const { store, state, batches } = storeOf()
  const errors: unknown[] = []
  const other = createAuditRecorder({ store, now, onError: (one) => errors.push(one) })
  for (let n = 0; n < 1201; n++) other.record({ type: 'a' })
  await other.flush()
  t.deepEqual(
    batches.map(({ length }) => length),
    [500, 500, 201],
  )
  state.isAway = true
  other.record({ type: 'b' })
  await other.stop()
  t.is(errors.length, 1)

  let kept = 0
  let cursor: string | undefined
  do {
    const page = await storage.audit.list({ type: 'a', limit: 500, cursor })
    kept += page.events.length
    cursor = page.next
  } while (cursor !== undefined)
  t.is(kept, 1201)
})

test('a store that is away for hours does not fill the memory: the oldest events go and are counted', async (t) => {
  const { store, state, types } = storeOf()
  const recorder = createAuditRecorder({ store, now, onError: () => {}, intervalMs: never })
  state.isAway = true
  for (let n = 0; n < 50_010; n++) recorder.record({ type: String(n) })
  t.deepEqual(recorder.backlog(), { waiting: 50_000, dropped: 10 })
  state.isAway = false
  await recorder.stop()
  t.is(types().length, 50_000)
  t.is(types()[0], '10')
  t.is(types().at(-1), '50009')
  t.deepEqual(recorder.backlog(), { waiting: 0, dropped: 10 })
})
