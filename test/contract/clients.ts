/** What every client store promises (`src/storage/clients.ts`). */
import type { ExecutionContext, TestFn } from 'ava'
import type { ClientStore } from '#storage/clients.ts'
import { inParallel } from './in-parallel.ts'

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

  test('clients: remove() deletes, also what is not there', async (t) => {
    const { clients } = await open(t)
    await clients.put({ id: 'notes', metadata, secretHashes: [] })
    await clients.put({ id: 'other', metadata, secretHashes: [] })
    await clients.remove('notes ')
    t.truthy(await clients.find('notes'))
    await clients.remove('notes')
    await clients.remove('notes')
    t.is(await clients.find('notes'), undefined)
    t.truthy(await clients.find('other'))
  })
}
