/** What every store of API keys promises (`src/storage/api-keys.ts`). */
import type { ExecutionContext, TestFn } from 'ava'
import { newId, newSecret } from '#lib/ids.ts'
import type { ApiKey } from '#storage/api-keys.ts'
import { AlreadyExists, InvalidCursor } from '#storage/errors.ts'
import type { Storage } from '#storage/storage.ts'
import { garbledCursors, visitAll } from './visit-all.ts'

type Stores = Pick<Storage, 'apiKeys' | 'users'>

export interface ApiKeyBackend {
  storage: Stores
  now(): number
  pass(ms: number): Promise<void>
}

type Open = (t: ExecutionContext) => Promise<ApiKeyBackend>

const keyOf = (userId: string, createdAt: number): ApiKey => ({
  id: newSecret(12),
  userId,
  name: '备份 😀',
  hash: newSecret(),
  scopes: ['notes:read', 'notes:write'],
  createdAt,
  expiresAt: undefined,
  lastUsedAt: undefined,
})

async function userOf(storage: Stores): Promise<string> {
  return (await storage.users.create({ id: newId() })).id
}

export function apiKeysContract(test: TestFn, open: Open): void {
  test('API keys: find() returns what create() wrote, expired or not', async (t) => {
    const { storage, now } = await open(t)
    const userId = await userOf(storage)
    const plain = keyOf(userId, now())
    const expired = { ...keyOf(userId, now()), expiresAt: now() - 1, lastUsedAt: now() - 2 }
    for (const key of [plain, expired]) {
      await storage.apiKeys.create(key)
      t.deepEqual(await storage.apiKeys.find(key.id), key)
    }
    for (const id of ['none', `${plain.id} `, '', '张', 'a\0b', 'x'.repeat(5000)]) {
      t.is(await storage.apiKeys.find(id), undefined)
    }
    const error = await t.throwsAsync(storage.apiKeys.create(plain))
    t.true(error instanceof AlreadyExists && error.field === 'id')
  })

  test('API keys: listByUser() returns the user’s own, newest first', async (t) => {
    const { storage, now } = await open(t)
    const [one, other] = [await userOf(storage), await userOf(storage)]
    const keys = [keyOf(one, now()), keyOf(one, now() + 2), keyOf(one, now() + 1)]
    for (const key of [...keys, keyOf(other, now())]) await storage.apiKeys.create(key)
    t.deepEqual(await storage.apiKeys.listByUser(one), [keys[1], keys[2], keys[0]])
    t.deepEqual(await storage.apiKeys.listByUser('nobody'), [])
  })

  test('API keys: list() visits every key once, newest first, while others are added', async (t) => {
    const { storage, now } = await open(t)
    const userId = await userOf(storage)
    const keys = Array.from({ length: 25 }, (_, index) => keyOf(userId, now() + (index % 7)))
    for (const key of keys) await storage.apiKeys.create(key)
    const seen = await visitAll(async (cursor) => {
      const { keys: records, next } = await storage.apiKeys.list({ limit: 4, cursor })
      await storage.apiKeys.create(keyOf(userId, now() + 100))
      return { records, next }
    })
    t.deepEqual(seen.map(({ id }) => id).sort(), keys.map(({ id }) => id).sort())
    const times = seen.map(({ createdAt }) => createdAt)
    t.deepEqual(
      times,
      times.toSorted((a, b) => b - a),
    )
    for (const cursor of garbledCursors) {
      const listing = storage.apiKeys.list({ limit: 4, cursor })
      await t.throwsAsync(listing, { instanceOf: InvalidCursor })
    }
  })

  test('API keys: recordUse() writes once in the quiet time', async (t) => {
    const { storage, now, pass } = await open(t)
    const key = keyOf(await userOf(storage), now())
    await storage.apiKeys.create(key)
    const lastUsed = async () => (await storage.apiKeys.find(key.id))?.lastUsedAt
    const first = now()
    await storage.apiKeys.recordUse(key.id, 1000)
    t.is(await lastUsed(), first)
    await pass(999)
    await storage.apiKeys.recordUse(key.id, 1000)
    t.is(await lastUsed(), first)
    await pass(1)
    await storage.apiKeys.recordUse(key.id, 1000)
    t.is(await lastUsed(), now())
    await t.notThrowsAsync(storage.apiKeys.recordUse('none', 1000))
  })

  test('API keys: remove() deletes the key, of no other user than the given one', async (t) => {
    const { storage, now } = await open(t)
    const [one, other] = [await userOf(storage), await userOf(storage)]
    const [a, b] = [keyOf(one, now()), keyOf(one, now())]
    await storage.apiKeys.create(a)
    await storage.apiKeys.create(b)
    t.false(await storage.apiKeys.remove(a.id, other))
    t.false(await storage.apiKeys.remove(a.id, '张'))
    t.truthy(await storage.apiKeys.find(a.id))
    t.true(await storage.apiKeys.remove(a.id, one))
    t.false(await storage.apiKeys.remove(a.id))
    t.true(await storage.apiKeys.remove(b.id))
    t.deepEqual(await storage.apiKeys.listByUser(one), [])
  })
}
