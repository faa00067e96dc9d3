/** What every user store promises of writing many (`src/storage/users.ts`). */
import type { ExecutionContext, TestFn } from 'ava'
import { newId } from '#lib/ids.ts'
import type { NewUser } from '#storage/users.ts'
import { inParallel } from './in-parallel.ts'
import type { UserBackend } from './users.ts'

type Open = (t: ExecutionContext) => Promise<UserBackend>

export function userImportsContract(test: TestFn, open: Open): void {
  test('users: createMany() writes what create() writes', async (t) => {
    const { users, now } = await open(t)
    const given = {
      email: 'Wei@example.com',
      emailVerified: true,
      username: '张伟',
      nickname: '雨 😀',
      avatarUrl: 'https://cdn.example/a.png?x=雨',
      phone: '+8613800000000',
      locale: 'zh-CN',
      roles: ['writer', 'admin', 'writer'],
      metadata: { public: { 名: '伟 😀' }, private: { n: 1 } },
      bannedAt: 5000,
      createdAt: 1000,
    }
    const [id, other] = [newId(), newId()]
    t.deepEqual(
      await users.createMany([{ id, ...given, passwordHash: '$2b$10$x' }, { id: other }]),
      [undefined, undefined],
    )
    const user = await users.findById(id)
    t.like(user, { ...given, roles: ['admin', 'writer'], updatedAt: now(), loginCount: 0 })
    t.is(await users.findPasswordHash(id), '$2b$10$x')
    t.like(await users.findById(other), { roles: [], metadata: { public: {}, private: {} } })
    const single = { ...given, id: newId(), email: 'b@example.com', username: 'b' }
    t.deepEqual(await users.findById(single.id), undefined)
    const created = await users.create(single)
    t.deepEqual(await users.findById(single.id), created)
    t.deepEqual({ ...user, id: single.id, email: 'b@example.com', username: 'b' }, created)
    t.deepEqual(await users.createMany([]), [])
  })

  test('users: createMany() names the taken field of each that was refused, and writes the others', async (t) => {
    const { users } = await open(t)
    const { id: taken } = await users.create({ id: newId(), email: 'a@example.com', username: 'a' })
    const given: NewUser[] = [
      { id: newId(), email: 'A@Example.com', username: 'free', roles: ['r'], passwordHash: 'h' },
      // Refused people take nothing from those who come after them.
      { id: newId(), username: 'Free' },
      { id: newId(), email: 'b@example.com' },
      { id: newId(), email: 'B@example.com' },
      { id: newId(), email: 'c@example.com', username: 'FREE' },
      { id: taken },
      { id: newId() },
      { id: newId() },
    ]
    t.deepEqual(await users.createMany(given), [
      'email',
      undefined,
      undefined,
      'email',
      'username',
      'id',
      undefined,
      undefined,
    ])
    const written = []
    for (const [index, { id }] of given.entries()) {
      if (index !== 5 && (await users.findById(id))) written.push(index)
    }
    t.deepEqual(written, [1, 2, 6, 7])
    t.is(await users.findPasswordHash(given[0]?.id ?? ''), undefined)
    t.false(await users.anyWithRole('r'))
  })

  test('users: createMany() writes more than one batch, some of them refused', async (t) => {
    const { users } = await open(t)
    const given = Array.from({ length: 1234 }, (_, index) => ({
      id: newId(),
      email: `person${index % 1200}@example.com`,
      roles: ['user'],
      passwordHash: 'h',
    }))
    const results = await users.createMany(given)
    t.is(results.length, 1234)
    t.deepEqual(
      results.flatMap((field, index) => (field === undefined ? [] : [[index, field]])),
      Array.from({ length: 34 }, (_, index) => [1200 + index, 'email']),
    )
    t.is((await users.list({ limit: 5000, role: 'user' })).users.length, 1200)
  })

  test('users: of parallel createMany() with the same people each person is written once', async (t) => {
    const { users, beside } = await open(t)
    const people = Array.from({ length: 100 }, (_, index) => `person${index}@example.com`)
    const results = await inParallel([users, beside], 8, (store, index) =>
      store.createMany(
        (index % 3 ? people : people.toReversed()).map((email) => ({
          id: newId(),
          email,
          username: email.replace(/@.*/, ''),
          passwordHash: 'h',
          roles: ['user'],
        })),
      ),
    )
    const written = results.flat().filter((field) => field === undefined)
    t.is(written.length, 100)
    t.true(results.flat().every((field) => [undefined, 'email', 'username'].includes(field)))
    const found = (await users.list({ limit: 1000 })).users
    t.deepEqual(found.map(({ email }) => email ?? '').sort(), people.toSorted())
    t.true(found.every(({ roles }) => roles[0] === 'user'))
  })
}
