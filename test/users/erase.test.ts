import test from 'ava'
import { newId } from '#lib/ids.ts'
import type { ArtifactModel } from '#storage/artifacts.ts'
import { eraseDue } from '#users/erase.ts'
import { openStorage } from '../support/storage.ts'

const models: ArtifactModel[] = ['Session', 'Grant', 'RefreshToken', 'AccessToken', 'PasswordReset']

test('an account whose grace is over goes with every sign-in and token, and no other', async (t) => {
  const { storage, clock } = await openStorage(t)
  const [due, waiting, staying] = [newId(), newId(), newId()]
  for (const id of [due, waiting, staying]) {
    await storage.users.create({ id })
    for (const model of models)
      await storage.artifacts.put(model, `${model} ${id}`, { payload: '{}', accountId: id })
  }
  await storage.users.update(due, { eraseAt: clock.now })
  await storage.users.update(waiting, { eraseAt: clock.now + 1000 })

  t.deepEqual(await eraseDue(storage.users, storage.artifacts), [due])
  t.is(await storage.users.findById(due), undefined)
  for (const model of models) {
    t.deepEqual(await storage.artifacts.listByAccount(model, due), [], model)
    for (const id of [waiting, staying])
      t.is((await storage.artifacts.listByAccount(model, id)).length, 1, model)
  }
  clock.now += 1000
  t.deepEqual(await eraseDue(storage.users, storage.artifacts), [waiting])
})

test('the last administrator stays, and keeps no one else from being erased', async (t) => {
  const { storage, clock } = await openStorage(t)
  const [administrator, other] = [newId(), newId()]
  await storage.users.create({ id: administrator, roles: ['admin'] })
  await storage.users.create({ id: other })
  await storage.users.update(other, { eraseAt: clock.now })
  const users = {
    ...storage.users,
    // The storage lets no last administrator ask; two who asked at once could both be due.
    findDueForErase: async () => [administrator, other],
  }
  t.deepEqual(await eraseDue(users, storage.artifacts), [other])
  t.truthy(await storage.users.findById(administrator))
})
