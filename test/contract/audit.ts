/** What every audit store promises (`src/storage/audit.ts`). */
import type { ExecutionContext, TestFn } from 'ava'
import { newId } from '#lib/ids.ts'
import type { AuditEvent, AuditFilter, AuditStore } from '#storage/audit.ts'
import { AlreadyExists, InvalidCursor } from '#storage/errors.ts'
import { garbledCursors, visitAll } from './visit-all.ts'

type Open = (t: ExecutionContext) => Promise<{ audit: AuditStore }>

const start = 1_700_000_000_000

const eventAt = (at: number, more: Partial<AuditEvent> = {}): AuditEvent => ({
  id: newId(),
  at,
  type: 'login.succeeded',
  actor: undefined,
  target: undefined,
  clientId: undefined,
  address: undefined,
  agent: undefined,
  traceId: undefined,
  details: undefined,
  ...more,
})

export function auditContract(test: TestFn, open: Open): void {
  adding(test, open)
  listing(test, open)
}

function adding(test: TestFn, open: Open): void {
  test('audit: list() returns what add() wrote, every field of it, newest first', async (t) => {
    const { audit } = await open(t)
    const whole = eventAt(start, {
      type: 'client.updated',
      actor: 'client:notes',
      target: 'resource:https://api.example/',
      clientId: 'notes',
      address: '2001:db8::1',
      agent: 'Mozilla/5.0 (张伟) 😀',
      traceId: 'trace',
      details: { before: { name: '记事本' }, after: { name: '😀 \0' }, list: [1, null, true] },
    })
    const plain = eventAt(start + 1)
    await audit.add([whole, plain])
    t.deepEqual(await audit.list({ limit: 10 }), { events: [plain, whole], next: undefined })
  })

  test('audit: add() adds all or none', async (t) => {
    const { audit } = await open(t)
    await audit.add([])
    const events = Array.from({ length: 237 }, (_, index) => eventAt(start + index))
    await audit.add(events)
    const again = [eventAt(start), eventAt(start), ...events.slice(5, 6)]
    await t.throwsAsync(audit.add(again), { instanceOf: AlreadyExists })
    t.is((await audit.list({ limit: 1000 })).events.length, 237)
  })

  test('audit: an event is kept however much a stranger has written into it', async (t) => {
    const { audit } = await open(t)
    const much = `\0${'张😀'.repeat(10_000)}`
    const event = eventAt(start, { target: much, clientId: much, agent: much, address: much })
    await audit.add([{ ...event, type: much, actor: much, traceId: much, details: { much } }])
    const [kept] = (await audit.list({ limit: 10 })).events
    t.is(kept?.agent, '张😀'.repeat(512))
    t.deepEqual(kept?.details, { much })
  })

  test('audit: removeBefore() deletes no more than the limit, and nothing younger', async (t) => {
    const { audit } = await open(t)
    await audit.add([0, 1, 2, 3, 4, 5].map((ms) => eventAt(start + ms)))
    const counts = []
    for (let round = 0; round < 4; round++) counts.push(await audit.removeBefore(start + 5, 2))
    t.deepEqual(counts, [2, 2, 1, 0])
    const left = (await audit.list({ limit: 10 })).events.map(({ at }) => at)
    t.deepEqual(left, [start + 5])
  })
}

function listing(test: TestFn, open: Open): void {
  test('audit: list() filters by type, beginning of a type, actor, target and time', async (t) => {
    const { audit } = await open(t)
    const events: Record<string, AuditEvent> = {
      a: eventAt(start, { type: 'login.succeeded', actor: 'u1', target: 'user:u1' }),
      b: eventAt(start + 1, { type: 'login.failed', target: 'user:u1' }),
      c: eventAt(start + 2, { type: 'loginx.failed', actor: 'u2', target: 'user:u2' }),
      d: eventAt(start + 3, { type: 'log_n.done', actor: 'U1', target: 'user:U1' }),
    }
    await audit.add(Object.values(events))
    const found = async (filter: Omit<AuditFilter, 'limit'>) => {
      const ids = (await audit.list({ ...filter, limit: 10 })).events.map(({ id }) => id)
      return Object.keys(events)
        .filter((name) => ids.includes(events[name]?.id ?? ''))
        .join('')
    }
    t.is(await found({}), 'abcd')
    t.is(await found({ type: 'login.failed' }), 'b')
    t.is(await found({ type: 'login.' }), 'ab')
    t.is(await found({ type: 'log_n.' }), 'd')
    t.is(await found({ type: 'login' }), '')
    t.is(await found({ type: '%.' }), '')
    t.is(await found({ actor: 'u1' }), 'a')
    t.is(await found({ target: 'user:u1' }), 'ab')
    t.is(await found({ target: 'user:u1', type: 'login.', actor: 'u1' }), 'a')
    t.is(await found({ from: start + 1, to: start + 3 }), 'bc')
    for (const text of ['', '张', '\0', 'x'.repeat(100_000)]) {
      t.is(await found({ actor: text }), '')
      t.is(await found({ target: text }), '')
      t.is(await found({ type: text }), '')
      t.is(await found({ type: `${text}.` }), '')
    }
  })

  test('audit: list() visits every event once, newest first, while others are added', async (t) => {
    const { audit } = await open(t)
    const events = Array.from({ length: 50 }, (_, index) =>
      eventAt(start + (index % 9), { actor: index % 2 ? 'u1' : 'u2' }),
    )
    await audit.add(events)
    const seen = await visitAll(async (cursor) => {
      const { events, next } = await audit.list({ actor: 'u1', limit: 4, cursor })
      await audit.add([eventAt(start + 100, { actor: 'u1' })])
      return { records: events, next }
    })
    const expected = events.filter(({ actor }) => actor === 'u1').map(({ id }) => id)
    t.deepEqual(seen.map(({ id }) => id).sort(), expected.sort())
    const times = seen.map(({ at }) => at)
    t.deepEqual(
      times,
      times.toSorted((a, b) => b - a),
    )
    for (const cursor of garbledCursors) {
      await t.throwsAsync(audit.list({ limit: 4, cursor }), { instanceOf: InvalidCursor })
    }
  })
}
