/** What every store of providers promises (`src/storage/providers.ts`). */
import type { ExecutionContext, TestFn } from 'ava'
import type { ProviderStore } from '#storage/providers.ts'

interface Backend {
  storage: { providers: ProviderStore }
  now(): number
  pass(ms: number): Promise<void>
}

const acme = {
  id: 'acme-2',
  recipe: { kind: 'oidc', name: '顶点 😀', issuer: 'https://acme.example', scopes: ['openid'] },
  sealedSecret: 'v1.a.b.c',
}

export function providersContract(
  test: TestFn,
  open: (t: ExecutionContext) => Promise<Backend>,
): void {
  test('providers: find() returns what put() wrote', async (t) => {
    const { storage, now } = await open(t)
    await storage.providers.put(acme)
    const written = { ...acme, createdAt: now(), updatedAt: now() }
    t.deepEqual(await storage.providers.find('acme-2'), written)
    for (const other of ['acme', 'Acme-2', 'acme-2 ', '', 'é', 'acme-2\0'])
      t.is(await storage.providers.find(other), undefined)
  })

  test('providers: put() replaces the whole provider and keeps the time of its making', async (t) => {
    const { storage, now, pass } = await open(t)
    await storage.providers.put(acme)
    const createdAt = now()
    await pass(1000)
    const changed = { id: acme.id, recipe: { kind: 'github' }, sealedSecret: 'v1.d.e.f' }
    await storage.providers.put(changed)
    const expected = { ...changed, createdAt, updatedAt: now() }
    t.deepEqual(await storage.providers.find('acme-2'), expected)
  })

  test('providers: remove() deletes, and tells whether there was one', async (t) => {
    const { storage } = await open(t)
    await storage.providers.put(acme)
    for (const other of ['none', 'acme-2 ', '', 'é\0'])
      t.false(await storage.providers.remove(other))
    t.true(await storage.providers.remove('acme-2'))
    t.false(await storage.providers.remove('acme-2'))
    t.deepEqual(await storage.providers.list(), [])
  })

  test('providers: list() returns all, by id', async (t) => {
    const { storage } = await open(t)
    for (const id of ['b', 'a-b', 'a', '1']) await storage.providers.put({ ...acme, id })
    const listed = (await storage.providers.list()).map(({ id }) => id)
    t.deepEqual(listed, ['1', 'a', 'a-b', 'b'])
  })
}
