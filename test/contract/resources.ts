/** What every resource store promises (`src/storage/resources.ts`). */
import type { ExecutionContext, TestFn } from 'ava'
import type { ResourceStore } from '#storage/resources.ts'

const api = {
  identifier: 'https://api.example/',
  name: { en: 'Notes', 'zh-CN': '笔记 😀' },
  scopes: [
    { name: 'read', description: { en: 'Read your notes' } },
    { name: 'write', description: { en: 'Change your notes' }, sensitive: true },
  ],
}

export function resourcesContract(
  test: TestFn,
  open: (t: ExecutionContext) => Promise<{ resources: ResourceStore }>,
): void {
  test('resources: find() returns what put() wrote', async (t) => {
    const { resources } = await open(t)
    const metadataClaims = { tier: 'public.tier', 'https://acme.example/级': 'private.级' }
    const resource = { ...api, accessTokenTtl: 300, metadataClaims }
    await resources.put(resource)
    t.deepEqual(await resources.find(api.identifier), resource)
  })

  test('resources: find() compares identifiers byte by byte', async (t) => {
    const { resources } = await open(t)
    await resources.put(api)
    const others = ['https://api.example', 'https://API.example/', `${api.identifier} `, '', '/é\0']
    for (const identifier of others) t.is(await resources.find(identifier), undefined)
  })

  test('resources: put() replaces the whole resource', async (t) => {
    const { resources } = await open(t)
    await resources.put({ ...api, accessTokenTtl: 300, metadataClaims: { a: 'public.a' } })
    await resources.put({ ...api, scopes: [] })
    t.deepEqual(await resources.find(api.identifier), {
      ...api,
      scopes: [],
      accessTokenTtl: undefined,
      metadataClaims: undefined,
    })
  })

  test('resources: remove() deletes, and tells whether there was one', async (t) => {
    const { resources } = await open(t)
    await resources.put(api)
    await resources.put({ ...api, identifier: 'urn:other' })
    for (const identifier of ['urn:none', `${api.identifier} `, '', '/é\0']) {
      t.false(await resources.remove(identifier))
    }
    t.true(await resources.remove(api.identifier))
    t.false(await resources.remove(api.identifier))
    const left = (await resources.list()).map(({ identifier }) => identifier)
    t.deepEqual(left, ['urn:other'])
  })

  test('resources: list() returns all, by identifier', async (t) => {
    const { resources } = await open(t)
    t.deepEqual(await resources.list(), [])
    const identifiers = ['urn:b', 'urn:a', 'urn:B', 'urn:_', 'urn:a-b', 'urn:a/b']
    for (const identifier of identifiers) await resources.put({ ...api, identifier })
    const listed = (await resources.list()).map(({ identifier }) => identifier)
    t.deepEqual(listed, ['urn:B', 'urn:_', 'urn:a', 'urn:a-b', 'urn:a/b', 'urn:b'])
  })
}
