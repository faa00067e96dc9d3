/** What every user store promises of finding many (`src/storage/users.ts`). */
import type { ExecutionContext, TestFn } from 'ava'
import { newId } from '#lib/ids.ts'
import { InvalidCursor } from '#storage/errors.ts'
import type { NewUser, UserFilter } from '#storage/users.ts'
import type { UserBackend } from './users.ts'
import { garbledCursors, visitAll } from './visit-all.ts'

type Open = (t: ExecutionContext) => Promise<UserBackend>

export function userListsContract(test: TestFn, open: Open): void {
  pages(test, open)
  filters(test, open)
}

function pages(test: TestFn, open: Open): void {
  test('users: list() visits every user once, newest first, while others are added', async (t) => {
    const { users, now } = await open(t)
    const given = Array.from({ length: 45 }, (_, index) => ({
      id: newId(),
      roles: ['a', 'b', 'c'].slice(0, index % 4),
      createdAt: now() - (index % 11),
    }))
    await users.createMany(given)
    const seen = await visitAll(async (cursor) => {
      const { users: records, next } = await users.list({ limit: 4, cursor })
      await users.create({ id: newId(), createdAt: now() + 1000 })
      return { records, next }
    })
    t.deepEqual(seen.map(({ id }) => id).sort(), given.map(({ id }) => id).sort())
    const times = seen.map(({ createdAt }) => createdAt)
    t.deepEqual(
      times,
      times.toSorted((a, b) => b - a),
    )
    for (const user of seen) t.deepEqual(await users.findById(user.id), user)
  })

  test('users: list() has a next on every page but the last', async (t) => {
    const { users } = await open(t)
    t.deepEqual(await users.list({ limit: 2 }), { users: [], next: undefined })
    for (let count = 0; count < 4; count++) await users.create({ id: newId() })
    const first = await users.list({ limit: 2 })
    t.is(typeof first.next, 'string')
    t.regex(first.next ?? '', /^[\w-]+$/)
    const second = await users.list({ limit: 2, cursor: first.next })
    t.is(second.users.length, 2)
    t.is(second.next, undefined)
  })

  test('users: list() rejects a garbled cursor with InvalidCursor', async (t) => {
    const { users } = await open(t)
    for (const cursor of garbledCursors) {
      await t.throwsAsync(users.list({ limit: 2, cursor }), { instanceOf: InvalidCursor })
    }
  })
}

function filters(test: TestFn, open: Open): void {
  /** Resolves to the names of those found, in the order in which they were created. */
  const finder = async ({ users }: UserBackend, people: Record<string, Omit<NewUser, 'id'>>) => {
    const names: Record<string, string> = {}
    for (const [name, person] of Object.entries(people)) {
      names[(await users.create({ id: newId(), ...person })).id] = name
    }
    return async (filter: Omit<UserFilter, 'limit'>) => {
      const found = (await users.list({ ...filter, limit: 100 })).users.map(({ id }) => names[id])
      return Object.keys(people)
        .filter((name) => found.includes(name))
        .join(' ')
    }
  }

  test('users: list() finds by a part of e-mail, username or nickname, without regard to case', async (t) => {
    const backend = await open(t)
    const found = await finder(backend, {
      wei: { email: 'Wei.Zhang@Example.com', username: 'zw', nickname: '张伟 👩‍👩‍👧' },
      umit: { email: 'u@other.example', username: 'ÜMIT', nickname: 'Ｆｕｌｌ Width' },
      plain: {},
    })
    t.is(await found({ q: 'zhang@' }), 'wei')
    t.is(await found({ q: 'EXAMPLE' }), 'wei umit')
    t.is(await found({ q: 'ümi' }), 'umit')
    t.is(await found({ q: 'umi' }), '')
    t.is(await found({ q: 'full w' }), 'umit')
    t.is(await found({ q: '伟' }), 'wei')
    t.is(await found({ q: '👩‍👧' }), 'wei')
    t.is(await found({ q: '' }), 'wei umit plain')
    t.is(await found({ q: 'x'.repeat(100_000) }), '')
  })

  test('users: list() takes wildcards in q for themselves', async (t) => {
    const backend = await open(t)
    const found = await finder(backend, {
      percent: { nickname: '100% sure' },
      under: { username: 'snake_case' },
      bang: { nickname: 'wow!' },
      back: { nickname: 'back\\slash' },
      plain: { username: 'snakeXcase', nickname: '100 sure' },
    })
    t.is(await found({ q: '%' }), 'percent')
    t.is(await found({ q: '0% s' }), 'percent')
    t.is(await found({ q: '_' }), 'under')
    t.is(await found({ q: 'e_c' }), 'under')
    t.is(await found({ q: '!' }), 'bang')
    t.is(await found({ q: '\\' }), 'back')
    for (const q of ['!%', '%%', '*', '?', "' OR 1=1 --", '\0', '[a-z]'])
      t.is(await found({ q }), '')
  })

  test('users: list() finds by a whole id, and by none of its parts', async (t) => {
    const { users } = await open(t)
    const { id } = await users.create({ id: newId() })
    await users.create({ id: newId() })
    const found = async (q: string) => (await users.list({ q, limit: 10 })).users.map((u) => u.id)
    t.deepEqual(await found(id), [id])
    t.deepEqual(await found(id.toUpperCase()), [id])
    t.deepEqual(await found(id.slice(0, -1)), [])
    t.deepEqual(await found(newId()), [])
    await users.create({ id: 'old-7' })
    t.deepEqual(await found('OLD-7'), ['old-7'])
  })

  test('users: list() filters by role and status, and by all at once', async (t) => {
    const backend = await open(t)
    const found = await finder(backend, {
      a: { nickname: 'one', roles: ['writer', 'reader'] },
      b: { nickname: 'one', roles: ['Writer'], bannedAt: 1000 },
      c: { nickname: 'two', roles: ['writer'], bannedAt: 1000 },
      d: { nickname: 'one' },
    })
    t.is(await found({ role: 'writer' }), 'a c')
    t.is(await found({ role: 'nobody' }), '')
    t.is(await found({ role: '\0' }), '')
    t.is(await found({ status: 'banned' }), 'b c')
    t.is(await found({ status: 'active' }), 'a d')
    t.is(await found({ role: 'writer', status: 'banned', q: 'TWO' }), 'c')
    t.is(await found({ role: 'writer', status: 'banned', q: 'one' }), '')
  })

  test('users: list() filters by a role that very many have', async (t) => {
    const { users, now } = await open(t)
    const given = Array.from({ length: 1200 }, (_, index) => ({
      id: newId(),
      roles: index % 100 === 0 ? [] : ['user', 'other'],
      createdAt: now() - index,
    }))
    await users.createMany(given)
    const seen = await visitAll(async (cursor) => {
      const { users: records, next } = await users.list({ role: 'user', limit: 500, cursor })
      return { records, next }
    })
    const expected = given.filter(({ roles }) => roles.length > 0).map(({ id }) => id)
    t.deepEqual(
      seen.map(({ id }) => id),
      expected,
    )
    t.deepEqual(seen[0]?.roles, ['other', 'user'])
  })
}
