/** What every user store promises of changing and removing (`src/storage/users.ts`). */
import type { ExecutionContext, TestFn } from 'ava'
import { newId, newSecret } from '#lib/ids.ts'
import { AlreadyExists } from '#storage/errors.ts'
import type { Storage } from '#storage/storage.ts'
import type { UserChange } from '#storage/users.ts'
import { inParallel } from './in-parallel.ts'

type Stores = Pick<Storage, 'users' | 'apiKeys'>

export interface UserChangeBackend {
  storage: Stores
  /** The same users through other connections, as a second process has them. */
  beside: Stores
  now(): number
  pass(ms: number): Promise<void>
}

type Open = (t: ExecutionContext) => Promise<UserChangeBackend>

const whole = {
  email: 'Wei@example.com',
  emailVerified: true,
  username: '张伟',
  nickname: '雨 👩‍👩‍👧',
  avatarUrl: 'https://cdn.example/a.png',
  phone: '+8613800000000',
  locale: 'zh-CN',
  roles: ['reader', 'writer'],
  metadata: { public: { 名: '伟 😀' }, private: { note: '备注 👩‍👩‍👧', deep: [1, { a: null }] } },
}

export function userChangesContract(test: TestFn, open: Open): void {
  changes(test, open)
  uniqueness(test, open)
  removal(test, open)
  passwords(test, open)
}

function changes(test: TestFn, open: Open): void {
  test('users: update() changes what is given and nothing else', async (t) => {
    const { storage, now, pass } = await open(t)
    const { users } = storage
    await users.create({ id: newId(), roles: ['admin'] })
    const before = await users.create({ id: newId(), ...whole })
    await pass(1000)
    const list: UserChange[] = [
      { nickname: 'Wei' },
      { email: 'new@example.com', emailVerified: false },
      { username: 'zw' },
      { avatarUrl: 'https://cdn.example/b.png', phone: '+861', locale: 'en' },
      { roles: ['zoo', 'admin', 'zoo'] },
      { metadata: { public: { 城市: '上海 😀', quote: `'"\\\u0000?$1` }, private: {} } },
      { metadata: { private: { points: 1 } } },
      { metadata: { public: {} } },
      { bannedAt: 1000, eraseAt: 2000, roles: [] },
      {},
    ]
    let expected = { ...before, updatedAt: now() }
    for (const change of list) {
      const metadata = { ...expected.metadata, ...change.metadata }
      expected = { ...expected, ...change, metadata }
      expected.roles = [...new Set(expected.roles)].sort()
      t.deepEqual(await users.update(before.id, change), expected)
      t.deepEqual(await users.findById(before.id), expected)
    }
  })

  test('users: update() merges a patch of the metadata, and of 20 at once every one counts', async (t) => {
    const { storage } = await open(t)
    const { users } = storage
    const metadata = { public: { theme: 'dark' }, private: { legacy_id: 'b-1', deep: { a: 1 } } }
    const { id } = await users.create({ id: newId(), ...whole, metadata })
    const patch = { private: { deep: { a: null, b: 2 } } }
    const changed = await users.update(id, { nickname: 'Wei', metadataPatch: patch })
    t.is(changed?.nickname, 'Wei')
    t.deepEqual(changed?.metadata, {
      public: { theme: 'dark' },
      private: { legacy_id: 'b-1', deep: { b: 2 } },
    })
    const numbers = Array.from({ length: 20 }, (_, number) => `n${number}`)
    await Promise.all(
      numbers.map((name) => users.update(id, { metadataPatch: { private: { [name]: true } } })),
    )
    const after = (await users.findById(id))!.metadata.private
    t.deepEqual(Object.keys(after).sort(), ['deep', 'legacy_id', ...numbers].sort())
    t.is(await users.update(newId(), { metadataPatch: { public: { a: 1 } } }), undefined)
  })

  test('users: update() empties a field that is there with the value undefined', async (t) => {
    const { storage } = await open(t)
    const { users } = storage
    const { id } = await users.create({ id: newId(), ...whole, bannedAt: 1000 })
    await users.update(id, {
      email: undefined,
      username: undefined,
      nickname: undefined,
      avatarUrl: undefined,
      phone: undefined,
      locale: undefined,
      bannedAt: undefined,
    })
    const emptied = await users.findById(id)
    for (const field of [
      'email',
      'username',
      'nickname',
      'avatarUrl',
      'phone',
      'locale',
    ] as const) {
      t.is(emptied?.[field], undefined)
    }
    t.is(emptied?.bannedAt, undefined)
    t.is(await users.findByIdentifier('wei@example.com'), undefined)
    t.is(await users.findByIdentifier('张伟'), undefined)
    t.deepEqual((await users.list({ q: '雨', limit: 10 })).users, [])
    await t.notThrowsAsync(users.create({ id: newId(), ...whole }))
  })

  test('users: update() is found by its new names', async (t) => {
    const { storage } = await open(t)
    const { users } = storage
    const { id } = await users.create({ id: newId(), ...whole })
    await users.update(id, { email: 'New@Example.com', username: 'NewName', nickname: '晴天' })
    for (const text of ['new@example.com', 'newname']) {
      t.is((await users.findByIdentifier(text))?.id, id)
    }
    t.is(await users.findByIdentifier('wei@example.com'), undefined)
    t.deepEqual(
      (await users.list({ q: '晴', limit: 10 })).users.map((user) => user.id),
      [id],
    )
  })

  test('users: update() of no one is undefined', async (t) => {
    const { storage } = await open(t)
    for (const id of [newId(), '', '张', 'a\0b']) {
      t.is(await storage.users.update(id, { nickname: 'x', roles: ['r'] }), undefined)
    }
    t.false(await storage.users.anyWithRole('r'))
  })

  test('users: parallel update() of different fields are all kept', async (t) => {
    const { storage, beside } = await open(t)
    const { id } = await storage.users.create({ id: newId(), roles: ['before'] })
    const list: UserChange[] = [
      { nickname: 'n' },
      { email: 'e@example.com' },
      { username: 'u' },
      { phone: '+861' },
      ...Array.from({ length: 16 }, (_, index) => ({ roles: [`a${index}`, `b${index}`] })),
    ]
    await inParallel([storage.users, beside.users], list.length, (store, index) =>
      store.update(id, list[index] ?? {}),
    )
    const user = await storage.users.findById(id)
    t.like(user, { nickname: 'n', email: 'e@example.com', username: 'u', phone: '+861' })
    // One of them as it was given, never a mixture of two.
    t.is(user?.roles.length, 2)
    t.is(user?.roles[0]?.slice(1), user?.roles[1]?.slice(1))
  })
}

function uniqueness(test: TestFn, open: Open): void {
  test('users: update() rejects a taken e-mail or username with AlreadyExists, and changes nothing', async (t) => {
    const { storage } = await open(t)
    const { users } = storage
    await users.create({ id: newId(), email: 'a@example.com', username: 'a' })
    const before = await users.create({ id: newId(), ...whole })
    for (const [field, change] of [
      ['email', { email: 'A@Example.com' }],
      ['username', { username: 'A' }],
    ] as const) {
      const more = { nickname: 'x', roles: [] }
      const error = await t.throwsAsync(users.update(before.id, { ...change, ...more }))
      t.true(error instanceof AlreadyExists && error.field === field)
    }
    await t.throwsAsync(users.update(before.id, { username: 'a＠example.com' }), {
      instanceOf: TypeError,
      message: /cannot contain @/,
    })
    t.deepEqual(await users.findById(before.id), before)
    // The same in another case is one's own.
    t.is((await users.update(before.id, { email: 'WEI@example.com' }))?.email, 'WEI@example.com')
  })

  test('users: of twenty parallel update() to one e-mail one succeeds', async (t) => {
    const { storage, beside } = await open(t)
    const ids = Array.from({ length: 20 }, () => newId())
    await storage.users.createMany(ids.map((id) => ({ id })))
    const results = await inParallel([storage.users, beside.users], 20, async (store, index) => {
      const [result] = await Promise.allSettled([
        store.update(ids[index] ?? '', { email: 'one@example.com' }),
      ])
      return result
    })
    t.is(results.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const result of results) {
      if (result.status === 'rejected') t.true(result.reason instanceof AlreadyExists)
    }
  })
}

function removal(test: TestFn, open: Open): void {
  test('users: remove() leaves nothing of the password, the roles and the API keys', async (t) => {
    const { storage, now } = await open(t)
    const { users, apiKeys } = storage
    const { id } = await users.create({ id: newId(), ...whole, passwordHash: 'hash' })
    const other = await users.create({ id: newId(), roles: ['kept'], passwordHash: 'kept' })
    const key = (userId: string) => ({
      id: newSecret(12),
      userId,
      name: 'backup',
      hash: newSecret(),
      scopes: [],
      createdAt: now(),
    })
    const [gone, kept] = [key(id), key(other.id)]
    await apiKeys.create(gone)
    await apiKeys.create(kept)
    t.true(await users.remove(id))
    t.false(await users.remove(id))
    t.is(await users.findById(id), undefined)
    t.is(await users.findByIdentifier('wei@example.com'), undefined)
    t.is(await users.findPasswordHash(id), undefined)
    t.false(await users.anyWithRole('writer'))
    t.is(await apiKeys.find(gone.id), undefined)
    t.deepEqual(await users.findById(other.id), other)
    t.is(await users.findPasswordHash(other.id), 'kept')
    t.truthy(await apiKeys.find(kept.id))
    // Nor is anything left for who comes by the same id.
    t.like(await users.create({ id }), { roles: [] })
    t.is(await users.findPasswordHash(id), undefined)
    t.deepEqual((await users.findById(id))?.roles, [])
    for (const id of ['', '张', 'a\0b']) t.false(await users.remove(id))
  })

  test('users: findDueForErase() returns those whose time has come, at most the limit', async (t) => {
    const { storage, now, pass } = await open(t)
    const { users } = storage
    const ids = Array.from({ length: 4 }, () => newId())
    await users.createMany(ids.map((id) => ({ id })))
    for (const [index, id] of ids.slice(0, 3).entries()) {
      await users.update(id, { eraseAt: now() + index * 1000 + 1000 })
    }
    t.deepEqual(await users.findDueForErase(10), [])
    await pass(2000)
    t.deepEqual(await users.findDueForErase(10), ids.slice(0, 2))
    t.deepEqual(await users.findDueForErase(1), ids.slice(0, 1))
  })
}

function passwords(test: TestFn, open: Open): void {
  test('users: setPasswordHash() sets the password, whatever it was, and takes it away', async (t) => {
    const { storage } = await open(t)
    const { users } = storage
    const { id } = await users.create({ id: newId() })
    for (const hash of ['one', 'two', undefined, 'three']) {
      await users.setPasswordHash(id, hash)
      t.is(await users.findPasswordHash(id), hash)
    }
    const nobody = newId()
    await users.setPasswordHash(nobody, 'hash')
    await users.setPasswordHash(nobody, undefined)
    t.is(await users.findPasswordHash(nobody), undefined)
  })

  test('users: fifty parallel setPasswordHash() all succeed', async (t) => {
    const { storage, beside } = await open(t)
    const { id } = await storage.users.create({ id: newId() })
    await inParallel([storage.users, beside.users], 50, (store, index) =>
      store.setPasswordHash(id, `hash-${index}`),
    )
    t.regex((await storage.users.findPasswordHash(id)) ?? '', /^hash-\d+$/)
  })
}
