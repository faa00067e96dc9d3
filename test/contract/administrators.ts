/** What every user store promises of the last administrator (`src/storage/users.ts`). */
import type { ExecutionContext, TestFn } from 'ava'
import { newId } from '#lib/ids.ts'
import { LastAdministrator } from '#storage/errors.ts'
import type { UserStore } from '#storage/users.ts'
import { inParallel } from './in-parallel.ts'
import type { UserBackend } from './users.ts'

type Open = (t: ExecutionContext) => Promise<UserBackend>

/** What takes an administrator away. */
const demotions: [string, (users: UserStore, id: string) => Promise<unknown>][] = [
  ['taking the role', (users, id) => users.update(id, { roles: ['other'] })],
  ['banning', (users, id) => users.update(id, { bannedAt: 1000 })],
  ['asking to be erased', (users, id) => users.update(id, { eraseAt: 1000 })],
  ['removing', (users, id) => users.remove(id)],
]

export function administratorsContract(test: TestFn, open: Open): void {
  for (const [name, demote] of demotions) {
    test(`users: ${name} rejects with LastAdministrator for the last, and changes nothing`, async (t) => {
      const { users } = await open(t)
      const last = await users.create({ id: newId(), roles: ['admin', 'other'] })
      await users.create({ id: newId(), roles: ['admin'], bannedAt: 1 })
      const leaving = await users.create({ id: newId(), roles: ['admin'] })
      await users.update(leaving.id, { eraseAt: 1 })
      await t.throwsAsync(demote(users, last.id), { instanceOf: LastAdministrator })
      t.deepEqual(await users.findById(last.id), last)
      await users.create({ id: newId(), roles: ['admin'] })
      await t.notThrowsAsync(demote(users, last.id))
    })
  }

  test('users: who is no administrator may go when there is none, and when there is one', async (t) => {
    const { users } = await open(t)
    for (const roles of [['other'], ['admin']]) {
      for (const [, demote] of demotions) {
        const { id } = await users.create({ id: newId(), roles: ['other'] })
        await t.notThrowsAsync(demote(users, id))
      }
      await users.create({ id: newId(), roles })
    }
  })

  test('users: the last administrator may change everything else', async (t) => {
    const { users } = await open(t)
    const { id } = await users.create({ id: newId(), roles: ['admin'] })
    await t.notThrowsAsync(users.update(id, { nickname: 'x', roles: ['new', 'admin'] }))
    await t.notThrowsAsync(users.update(id, { bannedAt: undefined, eraseAt: undefined }))
  })

  test('users: twenty parallel demotions of three administrators leave exactly one who can sign in', async (t) => {
    const { users, beside } = await open(t)
    const ids = [newId(), newId(), newId()]
    await users.createMany(ids.map((id) => ({ id, roles: ['admin', 'other'] })))
    const results = await inParallel([users, beside], 20, async (store, index) => {
      const [, demote] = demotions[index % demotions.length] ?? demotions[0]!
      const [result] = await Promise.allSettled([demote(store, ids[index % 3] ?? '')])
      return result
    })
    for (const result of results) {
      if (result.status === 'rejected') t.true(result.reason instanceof LastAdministrator)
    }
    const { users: left } = await users.list({ role: 'admin', limit: 10 })
    const able = left.filter(({ bannedAt, eraseAt }) => !(bannedAt ?? eraseAt))
    t.is(able.length, 1)
  })
}
