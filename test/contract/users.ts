/** What every user store promises (`src/storage/users.ts`). */
import type { ExecutionContext, TestFn } from 'ava'
import { newId } from '#lib/ids.ts'
import { AlreadyExists } from '#storage/errors.ts'
import type { UserStore } from '#storage/users.ts'
import { inParallel } from './in-parallel.ts'

export interface UserBackend {
  users: UserStore
  /** The same users through other connections, as a second process has them. */
  beside: UserStore
  now(): number
  pass(ms: number): Promise<void>
}

type Open = (t: ExecutionContext) => Promise<UserBackend>

const passwordHash = '$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$aGFzaA'

export function usersContract(test: TestFn, open: Open): void {
  creation(test, open)
  uniqueness(test, open)
  identifiers(test, open)
  passwords(test, open)
}

function creation(test: TestFn, open: Open): void {
  test('users: findById() returns what create() resolved to', async (t) => {
    const { users, now } = await open(t)
    const id = newId()
    const given = {
      email: 'Wei.Zhang@example.com',
      emailVerified: true,
      username: '张伟',
      nickname: '雨面 👩‍👩‍👧',
      locale: 'zh-CN',
    }
    const created = await users.create({ id, ...given, roles: ['writer', 'admin'], passwordHash })
    t.like(created, { id, ...given, roles: ['admin', 'writer'], loginCount: 0 })
    t.is(created.createdAt, now())
    t.deepEqual(await users.findById(id), created)
  })

  test('users: create() needs nothing but an id', async (t) => {
    const { users } = await open(t)
    const ids = [newId(), newId()]
    for (const id of ids) await users.create({ id })
    for (const id of ids) {
      const user = await users.findById(id)
      t.like(user, { id, email: undefined, username: undefined, emailVerified: false, roles: [] })
      t.is(await users.findPasswordHash(id), undefined)
    }
  })

  test('users: findById() returns undefined for an id that no one has, of any characters', async (t) => {
    const { users } = await open(t)
    for (const id of [newId(), '', '张', 'a\0b', 'x'.repeat(5000)]) {
      t.is(await users.findById(id), undefined)
    }
  })

  test('users: create() rejects a username that could be an e-mail address', async (t) => {
    const { users } = await open(t)
    const id = newId()
    await t.throwsAsync(users.create({ id, username: 'a＠example.com' }), {
      instanceOf: TypeError,
      message: /cannot contain @/,
    })
    t.is(await users.findById(id), undefined)
  })

  test('users: recordLogin() counts, and keeps the time', async (t) => {
    const { users, now, pass } = await open(t)
    const { id, updatedAt } = await users.create({ id: newId() })
    await pass(1000)
    await Promise.all(Array.from({ length: 20 }, () => users.recordLogin(id)))
    t.like(await users.findById(id), { loginCount: 20, lastLoginAt: now(), updatedAt })
  })

  test('users: anyWithRole() tells whether someone has the role, and no one else’s', async (t) => {
    const { users } = await open(t)
    t.false(await users.anyWithRole('admin'))
    await users.create({ id: newId(), roles: ['administrator'] })
    t.false(await users.anyWithRole('admin'))
    await users.create({ id: newId(), roles: ['admin'] })
    t.true(await users.anyWithRole('admin'))
  })
}

function uniqueness(test: TestFn, open: Open): void {
  test('users: create() rejects a taken e-mail, in any case, with AlreadyExists', async (t) => {
    const { users } = await open(t)
    await users.create({ id: newId(), email: 'wei@example.com' })
    for (const email of ['wei@example.com', 'WEI@Example.COM', 'ｗｅｉ@example.com']) {
      const error = await t.throwsAsync(users.create({ id: newId(), email }))
      t.true(error instanceof AlreadyExists && error.field === 'email')
    }
  })

  test('users: create() rejects a taken username, in any case, with AlreadyExists', async (t) => {
    const { users } = await open(t)
    await users.create({ id: newId(), username: 'Ümit' })
    for (const username of ['Ümit', 'ümit', 'U\u0308MIT']) {
      const error = await t.throwsAsync(users.create({ id: newId(), username }))
      t.true(error instanceof AlreadyExists && error.field === 'username')
    }
    // Another letter is another name, whatever a database's language rules say.
    await t.notThrowsAsync(users.create({ id: newId(), username: 'umit' }))
  })

  test('users: create() rejects a taken id with AlreadyExists', async (t) => {
    const { users } = await open(t)
    const { id } = await users.create({ id: newId() })
    const error = await t.throwsAsync(users.create({ id }))
    t.true(error instanceof AlreadyExists && error.field === 'id')
  })

  test('users: the field of AlreadyExists is not taken from the value', async (t) => {
    const { users } = await open(t)
    const email = `a' for key 'users__username@example.com`
    await users.create({ id: newId(), email })
    const error = await t.throwsAsync(users.create({ id: newId(), email }))
    t.true(error instanceof AlreadyExists && error.field === 'email')
  })

  test('users: a create() that failed leaves nothing', async (t) => {
    const { users } = await open(t)
    await users.create({ id: newId(), email: 'wei@example.com' })
    const id = newId()
    const refused = { id, email: 'Wei@example.com', username: 'wei', roles: ['r'], passwordHash }
    await t.throwsAsync(users.create(refused), { instanceOf: AlreadyExists })
    t.is(await users.findById(id), undefined)
    t.is(await users.findByIdentifier('wei'), undefined)
    t.is(await users.findPasswordHash(id), undefined)
    t.false(await users.anyWithRole('r'))
    await t.notThrowsAsync(users.create({ ...refused, email: 'other@example.com' }))
  })

  test('users: of fifty parallel create() with one e-mail in varied case one succeeds', async (t) => {
    const { users, beside } = await open(t)
    const people = Array.from({ length: 50 }, (_, index) => ({
      id: newId(),
      email: 'wei@example.com'.replace(/\w/g, (letter, place: number) =>
        index & (1 << (place % 6)) ? letter.toUpperCase() : letter,
      ),
      roles: [`role-${index}`],
      passwordHash,
    }))
    const results = await inParallel([users, beside], 50, async (store, index) => {
      const [result] = await Promise.allSettled([store.create(people[index] ?? { id: '' })])
      return result
    })
    const winners = people.filter((_, index) => results[index]?.status === 'fulfilled')
    t.is(winners.length, 1)
    for (const result of results) {
      if (result.status === 'fulfilled') continue
      t.true(result.reason instanceof AlreadyExists, String(result.reason))
      t.is(result.reason.field, 'email')
    }
    for (const { id, roles } of people) {
      const isWinner = id === winners[0]?.id
      t.is((await users.findPasswordHash(id)) !== undefined, isWinner)
      t.is(await users.anyWithRole(roles[0] ?? ''), isWinner)
    }
  })
}

function identifiers(test: TestFn, open: Open): void {
  test('users: findByIdentifier() finds by e-mail and by username, without regard to case', async (t) => {
    const { users } = await open(t)
    const { id } = await users.create({ id: newId(), email: 'Wei@Example.com', username: 'Zhang' })
    for (const text of ['wei@example.com', 'WEI@EXAMPLE.COM', 'zhang', 'ZHANG', 'ｚｈａｎｇ']) {
      t.is((await users.findByIdentifier(text))?.id, id)
    }
    t.is((await users.findByIdentifier('wei@example.com'))?.email, 'Wei@Example.com')
  })

  test('users: findByIdentifier() returns undefined for what no one has, of any characters', async (t) => {
    const { users } = await open(t)
    await users.create({ id: newId(), email: 'wei@example.com', username: 'zhang' })
    const others = ['', 'wei', 'wei@example.co', '%', 'z_ang', 'zhang\0', 'zháng', '😀', "' OR 1=1"]
    for (const text of others) t.is(await users.findByIdentifier(text), undefined)
    t.is(await users.findByIdentifier('x'.repeat(100_000)), undefined)
  })
}

function passwords(test: TestFn, open: Open): void {
  test('users: replacePasswordHash() replaces what is expected', async (t) => {
    const { users } = await open(t)
    const { id } = await users.create({ id: newId(), passwordHash })
    t.true(await users.replacePasswordHash(id, passwordHash, 'new'))
    t.is(await users.findPasswordHash(id), 'new')
    t.false(await users.replacePasswordHash(id, passwordHash, 'newer'))
    t.false(await users.replacePasswordHash(id, 'NEW', 'newer'))
    t.is(await users.findPasswordHash(id), 'new')
  })

  test('users: replacePasswordHash() of no one’s password is false', async (t) => {
    const { users } = await open(t)
    const { id } = await users.create({ id: newId() })
    t.false(await users.replacePasswordHash(id, '', 'new'))
    t.false(await users.replacePasswordHash(newId(), passwordHash, 'new'))
    t.is(await users.findPasswordHash(id), undefined)
  })

  test('users: exactly one of fifty parallel replacePasswordHash() wins', async (t) => {
    const { users, beside } = await open(t)
    const { id } = await users.create({ id: newId(), passwordHash })
    const results = await inParallel([users, beside], 50, (store, index) =>
      store.replacePasswordHash(id, passwordHash, `new-${index}`),
    )
    t.is(results.filter(Boolean).length, 1)
    t.is(await users.findPasswordHash(id), `new-${results.indexOf(true)}`)
  })
}
