import test from 'ava'
import { inUnit } from '#oidc/unit-of-work.ts'
import { openStorage } from '../support/storage.ts'

test('what waits for the writes happens once they are made, and never when one is refused', async (t) => {
  const { artifacts } = (await openStorage(t)).storage
  await artifacts.put('RefreshToken', 'a', { payload: '{}' })
  const done: string[] = []
  const spend = (name: string) =>
    inUnit(artifacts, async (unit) => {
      unit.consume('RefreshToken', 'a')
      unit.afterCommit(() => done.push(name))
      t.false(done.includes(name))
      return unit.commit()
    })
  t.is(await spend('first'), undefined)
  t.like(await spend('second'), { verb: 'consume', key: 'a' })
  t.deepEqual(done, ['first'])
})

test('a session that was taken into a new epoch while a request had it in hand stays there', async (t) => {
  const { artifacts, signIns, users } = (await openStorage(t)).storage
  await users.create({ id: 'li' })
  const session = { payload: '1', accountId: 'li', uid: 'u', epoch: 0 }
  await artifacts.put('Session', 'a', session)
  const refused = await inUnit(artifacts, async (unit) => {
    await unit.find('Session', 'a')
    await signIns.end('li', { keep: { sessionUid: 'u', grantIds: [] } })
    unit.save('Session', 'a', { ...session, payload: '2' })
    return unit.commit()
  })
  t.is(refused, undefined)
  t.like(await artifacts.find('Session', 'a'), { payload: '2', epoch: 1 })
})
