import test from 'ava'
import { createAdmit } from '#users/admit.ts'
import { openStorage } from '../support/storage.ts'

test('a person is admitted in the epoch in which they showed who they are, unless they are banned', async (t) => {
  const { storage, clock } = await openStorage(t)
  const { users, signIns } = storage
  const admit = createAdmit(users)
  await users.create({ id: 'li' })
  t.is((await admit({ userId: 'li', epoch: 0 }))?.id, 'li')
  await signIns.end('li')
  t.is(await admit({ userId: 'li', epoch: 0 }), undefined)
  await users.update('li', { bannedAt: clock.now })
  t.is(await admit({ userId: 'li', epoch: 1 }), undefined)
  t.is(await admit({ userId: 'nobody', epoch: 0 }), undefined)
})
