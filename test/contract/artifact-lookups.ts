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
