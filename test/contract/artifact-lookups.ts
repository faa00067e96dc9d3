/** What every artifact store promises of finding, and deleting, by something else than the key. */
import type { TestFn } from 'ava'
import type { OpenArtifacts } from './artifacts.ts'
import { inParallel } from './in-parallel.ts'

export function artifactLookups(test: TestFn, open: OpenArtifacts): void {
  test('artifacts: findSessionByUid() returns the session that was written last', async (t) => {
    const { artifacts, now } = await open(t)
    const session = (payload: string, minutes: number) => ({
      payload,
      uid: 'u',
      expiresAt: now() + minutes * 60_000,
    })
    await artifacts.put('Session', 'a', session('1', 10))
    await artifacts.put('Session', 'b', session('2', 5))
    t.like(await artifacts.findSessionByUid('u'), { key: 'b', payload: '2' })
    await artifacts.put('Session', 'a', session('3', 5))
    t.like(await artifacts.findSessionByUid('u'), { key: 'a', payload: '3' })
    await artifacts.remove('Session', 'a')
    t.like(await artifacts.findSessionByUid('u'), { key: 'b', payload: '2' })
    t.is(await artifacts.findSessionByUid('v'), undefined)
  })

  test('artifacts: findDeviceCodeByUserCode() returns the device code', async (t) => {
    const { artifacts, now } = await open(t)
    const code = { payload: '{}', userCodeHash: 'c', expiresAt: now() + 60_000 }
    await artifacts.put('DeviceCode', 'a', code)
    t.like(await artifacts.findDeviceCodeByUserCode('c'), { key: 'a', payload: '{}' })
    t.is(await artifacts.findDeviceCodeByUserCode('d'), undefined)
    await artifacts.remove('DeviceCode', 'a')
    t.is(await artifacts.findDeviceCodeByUserCode('c'), undefined)
  })

  test('artifacts: removeByGrant() deletes what carries the grant, of every model, and nothing else', async (t) => {
    const { artifacts, now } = await open(t)
    const expiresAt = now() + 60_000
    const models = ['Grant', 'AuthorizationCode', 'AccessToken', 'RefreshToken'] as const
    for (const model of models) {
      await artifacts.put(model, 'a', { payload: '{}', grantId: 'g', expiresAt })
      await artifacts.put(model, 'b', { payload: '{}', grantId: 'h', expiresAt })
      await artifacts.put(model, 'c', { payload: '{}', expiresAt })
    }
    await artifacts.removeByGrant('g')
    for (const model of models) {
      t.is(await artifacts.find(model, 'a'), undefined)
      t.truthy(await artifacts.find(model, 'b'))
      t.truthy(await artifacts.find(model, 'c'))
    }
  })

  test('artifacts: listByAccount() returns what lives of the model and the account, latest first', async (t) => {
    const { artifacts, now, pass } = await open(t)
    const record = (payload: string, ms = 60_000) => ({
      payload,
      accountId: 'person',
      expiresAt: now() + ms,
    })
    await artifacts.put('Session', 'a', record('1'))
    await artifacts.put('Session', 'b', record('2'))
    await artifacts.put('Session', 'c', record('3'))
    await artifacts.put('Session', 'a', record('4'))
    await artifacts.put('Session', 'short', record('5', 400))
    await artifacts.put('AccessToken', 'a', record('6'))
    await artifacts.put('Session', 'd', { ...record('7'), accountId: 'Person' })
    await artifacts.put('Session', 'b', { ...record('8'), accountId: 'other' })
    await artifacts.remove('Session', 'c')
    await pass(500)
    const listed = await artifacts.listByAccount('Session', 'person')
    t.deepEqual(
      listed.map(({ key, payload }) => [key, payload]),
      [['a', '4']],
    )
    await artifacts.put('Session', 'e', record('9'))
    const keys = (await artifacts.listByAccount('Session', 'person')).map(({ key }) => key)
    t.deepEqual(keys, ['e', 'a'])
    t.deepEqual(await artifacts.listByAccount('DeviceCode', 'person'), [])
    for (const id of ['nobody', '', '张伟', 'a\0b']) {
      t.deepEqual(await artifacts.listByAccount('Session', id), [])
    }
  })

  test('artifacts: removeByAccount() deletes what carries the account, of every model, and nothing else', async (t) => {
    const { artifacts, now } = await open(t)
    const expiresAt = now() + 60_000
    const models = ['Session', 'DeviceCode', 'AuthorizationCode', 'AccessToken'] as const
    for (const model of models) {
      for (const accountId of ['a', 'b']) {
        await artifacts.put(model, accountId, { payload: '{}', accountId, expiresAt })
      }
      await artifacts.put(model, 'c', { payload: '{}', expiresAt })
    }
    await artifacts.removeByAccount('a')
    for (const model of models) {
      t.is(await artifacts.find(model, 'a'), undefined)
      t.deepEqual(await artifacts.listByAccount(model, 'a'), [])
      t.is((await artifacts.listByAccount(model, 'b')).length, 1)
      t.truthy(await artifacts.find(model, 'c'))
    }
  })

  test('artifacts: removeByAccount() of some models leaves the others', async (t) => {
    const { artifacts, now } = await open(t)
    const models = ['Session', 'DeviceCode', 'AuthorizationCode', 'AccessToken'] as const
    const record = { payload: '{}', accountId: 'a', expiresAt: now() + 60_000 }
    for (const model of models) await artifacts.put(model, 'k', record)
    await artifacts.removeByAccount('a', [])
    await artifacts.removeByAccount('a', ['Session', 'AccessToken'])
    const left = []
    for (const model of models) if (await artifacts.find(model, 'k')) left.push(model)
    t.deepEqual(left, ['DeviceCode', 'AuthorizationCode'])
  })

  test('artifacts: removeByClient() deletes what carries the client, of every model, and nothing else', async (t) => {
    const { artifacts, beside, now } = await open(t)
    const expiresAt = now() + 60_000
    const models = ['Grant', 'RefreshToken', 'AccessToken', 'ClientCredentials', 'Device'] as const
    for (const model of models) {
      for (const clientId of ['a', 'b', 'A']) {
        const record = { payload: '{}', clientId, accountId: 'p', grantId: clientId, expiresAt }
        await artifacts.put(model, clientId, record)
      }
      await artifacts.put(model, 'c', { payload: '{}', expiresAt })
    }
    await beside.removeByClient('a')
    for (const id of ['nobody', '', '张伟', 'a\0b']) await artifacts.removeByClient(id)
    for (const model of models) {
      t.is(await artifacts.find(model, 'a'), undefined, model)
      for (const key of ['A', 'b', 'c']) t.truthy(await artifacts.find(model, key), model)
      const left = (await artifacts.listByAccount(model, 'p')).map(({ key }) => key).sort()
      t.deepEqual(left, ['A', 'b'])
    }
  })

  test('artifacts: countLive() counts what lives of the model, each record once', async (t) => {
    const { artifacts, now, pass } = await open(t)
    const record = (ms: number, more = {}) => ({ payload: '{}', expiresAt: now() + ms, ...more })
    t.is(await artifacts.countLive('Session'), 0)
    for (const key of ['a', 'b', 'c', 'a']) {
      await artifacts.put('Session', key, record(60_000, { accountId: key, uid: key }))
    }
    for (const key of ['a', 'b', 'c', 'd', 'e']) {
      await artifacts.put('RefreshToken', key, record(60_000, { grantId: key, clientId: key }))
    }
    await artifacts.put('AccessToken', 'a', record(60_000))
    t.is(await artifacts.countLive('Session'), 3)
    await artifacts.remove('Session', 'b')
    await artifacts.removeByAccount('c')
    await artifacts.consume('RefreshToken', 'a')
    await artifacts.removeByGrant('b')
    await artifacts.removeByClient('c')
    await artifacts.put('Session', 'short', record(400))
    await pass(500)
    t.is(await artifacts.countLive('Session'), 1)
    t.is(await artifacts.countLive('RefreshToken'), 2)
  })

  test('artifacts: writing, sweeping and revoking at once all succeed', async (t) => {
    const { artifacts, beside, now } = await open(t)
    const work = inParallel([artifacts, beside], 200, async (store, index) => {
      const record = { payload: '{}', grantId: `g${index % 5}`, expiresAt: now() - (index % 2) }
      if (index % 10 === 0) await store.removeByGrant(`g${(index / 10) % 5}`)
      else if (index % 7 === 0) await store.removeExpired(10)
      else await store.put('AccessToken', String(index % 20), record)
    })
    await t.notThrowsAsync(work)
  })
}
