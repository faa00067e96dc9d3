/** What every client store promises (`src/storage/clients.ts`). */
import type { ExecutionContext, TestFn } from 'ava'
import type { ClientStore } from '#storage/clients.ts'
import { InvalidCursor } from '#storage/errors.ts'
import { inParallel } from './in-parallel.ts'
import { visitAll } from './visit-all.ts'

export interface ClientBackend {
  clients: ClientStore
  /** The same clients through other connections, as a second process has them. */
  beside: ClientStore
  now(): number
  pass(ms: number): Promise<void>
}

const metadata = {
  client_name: '记事本 😀',
  redirect_uris: ['https://client.example/callback?a=1&b=2'],
  nested: { deep: [1, null, true] },
}

export function clientsContract(
  test: TestFn,
  open: (t: ExecutionContext) => Promise<ClientBackend>,
): void {
  test('clients: find() returns what put() wrote', async (t) => {
    const { clients, now } = await open(t)
    const client = { id: 'notes', metadata, secretHashes: ['one', 'two'] }
    await clients.put(client)
    t.deepEqual(await clients.find('notes'), { ...client, createdAt: now(), updatedAt: now() })
  })

  test('clients: find() compares ids byte by byte', async (t) => {
    const { clients } = await open(t)
    await clients.put({ id: 'Notes', metadata: {}, secretHashes: [] })
    for (const id of ['notes', 'Notes ', ' Notes', 'Notes\0', '', '记事本', 'N\u00f6tes', '%']) {
      t.is(await clients.find(id), undefined)
    }
    t.is(await clients.find('x'.repeat(100_000)), undefined)
  })

  test('clients: put() replaces a client and keeps createdAt', async (t) => {
    const { clients, now, pass } = await open(t)
    const createdAt = now()
    await clients.put({ id: 'notes', metadata, secretHashes: ['one'] })
    await pass(1000)
    await clients.put({ id: 'notes', metadata: { client_name: 'Notes' }, secretHashes: [] })
    t.deepEqual(await clients.find('notes'), {
      id: 'notes',
      metadata: { client_name: 'Notes' },
      secretHashes: [],
      createdAt,
      updatedAt: now(),
    })
  })

  test('clients: exactly one of fifty parallel putIfAbsent() wins', async (t) => {
    const { clients, beside } = await open(t)
    const results = await inParallel([clients, beside], 50, (store, index) =>
      store.putIfAbsent({ id: 'notes', metadata: { index }, secretHashes: [] }),
    )
    t.is(results.filter(Boolean).length, 1)
    t.deepEqual((await clients.find('notes'))?.metadata, { index: results.indexOf(true) })
  })

  test('clients: putIfAbsent() leaves an existing client alone', async (t) => {
    const { clients } = await open(t)
    await clients.put({ id: 'notes', metadata, secretHashes: ['one'] })
    t.false(await clients.putIfAbsent({ id: 'notes', metadata: {}, secretHashes: [] }))
    t.like(await clients.find('notes'), { metadata, secretHashes: ['one'] })
  })

  test('clients: list() finds by a part of the id or the name, without regard to case', async (t) => {
    const { clients } = await open(t)
    const named = (id: string, client_name?: unknown) =>
      clients.put({
        id,
        metadata: client_name === undefined ? {} : { client_name },
        secretHashes: [],
      })
    await named('notes-app', '记事本 😀')
    await named('SHOP', 'Ｓｈｏｐ Ünlü')
    await named('100%_done')
    await named('odd', 7)
    await named('long', `${'x'.repeat(5000)}\0`)
    const found = async (q: string) =>
      (await clients.list({ q, limit: 10 })).clients.map(({ id }) => id).sort()
    t.deepEqual(await found('NOTES'), ['notes-app'])
    t.deepEqual(await found('事'), ['notes-app'])
    t.deepEqual(await found('😀'), ['notes-app'])
    t.deepEqual(await found('hop ün'), ['SHOP'])
    t.deepEqual(await found('%'), ['100%_done'])
    t.deepEqual(await found('_'), ['100%_done'])
    for (const q of ['!', '\\', '7', 'unlu', '\0', 'x'.repeat(100_000)]) {
      t.deepEqual(await found(q), [])
    }
    t.is((await found('')).length, 5)
    await named('SHOP', 'Market')
    t.deepEqual(await found('ünlü'), [])
    t.deepEqual(await found('market'), ['SHOP'])
  })

  test('clients: list() visits every client once, newest first, while others are added', async (t) => {
    const { clients, pass } = await open(t)
    const expected: string[] = []
    for (let index = 0; index < 25; index++) {
      if (index % 3 === 0) await pass(1)
      await clients.put({ id: `c-${index}`, metadata, secretHashes: [] })
      expected.push(`c-${index}`)
    }
    const seen = await visitAll(async (cursor) => {
      const { clients: page, next } = await clients.list({ limit: 4, cursor })
      await pass(1)
      await clients.put({ id: `new-${cursor}`, metadata, secretHashes: [] })
      return { records: page, next }
    })
    t.deepEqual(seen.map(({ id }) => id).sort(), expected.sort())
    const times = seen.map(({ createdAt }) => createdAt)
    t.deepEqual(
      times,
      times.toSorted((a, b) => b - a),
    )
    await t.throwsAsync(clients.list({ limit: 4, cursor: 'x' }), { instanceOf: InvalidCursor })
  })

  test('clients: remove() deletes, and tells whether there was one', async (t) => {
    const { clients } = await open(t)
    await clients.put({ id: 'notes', metadata, secretHashes: [] })
    await clients.put({ id: 'other', metadata, secretHashes: [] })
    t.false(await clients.remove('notes '))
    t.truthy(await clients.find('notes'))
    t.true(await clients.remove('notes'))
    t.false(await clients.remove('notes'))
    t.is(await clients.find('notes'), undefined)
    t.truthy(await clients.find('other'))
  })
}
