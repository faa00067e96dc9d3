/** What every artifact store promises of batches, and of sessions that end while a request has them in hand. */
import type { TestFn } from 'ava'
import type { ArtifactStore, ArtifactWrite } from '#storage/artifacts.ts'
import type { OpenArtifacts } from './artifacts.ts'
import { inParallel } from './in-parallel.ts'

export function artifactWrites(test: TestFn, open: OpenArtifacts): void {
  batches(test, open)
  replacement(test, open)
  ends(test, open)
}

function batches(test: TestFn, open: OpenArtifacts): void {
  test('artifacts: write() makes every write of a batch', async (t) => {
    const { artifacts, now } = await open(t)
    const expiresAt = now() + 60_000
    await artifacts.put('RefreshToken', 'old', { payload: '1', expiresAt })
    await artifacts.put('Grant', 'kept', { payload: '1' })
    await artifacts.put('Interaction', 'done', { payload: '1', expiresAt })
    const refused = await artifacts.write([
      { verb: 'consume', model: 'RefreshToken', key: 'old' },
      { verb: 'add', model: 'RefreshToken', key: 'new', artifact: { payload: '2', expiresAt } },
      { verb: 'add', model: 'AccessToken', key: 'new', artifact: { payload: '3', expiresAt } },
      { verb: 'replace', model: 'Grant', key: 'kept', artifact: { payload: '4' } },
      { verb: 'remove', model: 'Interaction', key: 'done' },
    ])
    t.is(refused, undefined)
    t.not((await artifacts.find('RefreshToken', 'old'))?.consumedAt, undefined)
    t.is((await artifacts.find('RefreshToken', 'new'))?.payload, '2')
    t.is((await artifacts.find('AccessToken', 'new'))?.payload, '3')
    t.is((await artifacts.find('Grant', 'kept'))?.payload, '4')
    t.is(await artifacts.find('Interaction', 'done'), undefined)
  })

  test('artifacts: write() of nothing, and of one record, does what it says', async (t) => {
    const { artifacts } = await open(t)
    t.is(await artifacts.write([]), undefined)
    t.is(await artifacts.write([add('a')]), undefined)
    t.is((await artifacts.find('RefreshToken', 'a'))?.payload, 'a')
  })

  test('artifacts: write() names what it refuses, and adds nothing then', async (t) => {
    const { artifacts } = await open(t)
    await artifacts.put('RefreshToken', 'spent', { payload: '{}' })
    await artifacts.consume('RefreshToken', 'spent')
    const consume: ArtifactWrite = { verb: 'consume', model: 'RefreshToken', key: 'spent' }
    t.deepEqual(await artifacts.write([add('a'), consume]), consume)
    const replace: ArtifactWrite = {
      verb: 'replace',
      model: 'Grant',
      key: 'removed',
      artifact: { payload: '{}' },
    }
    t.deepEqual(await artifacts.write([add('a'), replace]), replace)
    t.is(await artifacts.find('RefreshToken', 'a'), undefined)
    t.is(await artifacts.find('Grant', 'removed'), undefined)
  })

  test('artifacts: of fifty parallel write() that spend one token exactly one leaves a successor', async (t) => {
    const { artifacts, beside } = await open(t)
    await artifacts.put('RefreshToken', 'old', { payload: '{}' })
    const answers = await inParallel([artifacts, beside], 50, (store, index) =>
      store.write([{ verb: 'consume', model: 'RefreshToken', key: 'old' }, add(`new ${index}`)]),
    )
    t.is(answers.filter((refused) => refused === undefined).length, 1)
    const found = await Promise.all(
      answers.map((_, index) => artifacts.find('RefreshToken', `new ${index}`)),
    )
    t.is(found.filter(Boolean).length, 1)
  })
}

/** What a database promises beyond Redis, which may leave something spent. */
export function wholeBatches(test: TestFn, open: OpenArtifacts): void {
  test('artifacts: write() spends and removes nothing when a later write is refused', async (t) => {
    const { artifacts } = await open(t)
    await artifacts.put('RefreshToken', 'old', { payload: '{}' })
    await artifacts.put('Interaction', 'done', { payload: '{}' })
    const refused = await artifacts.write([
      { verb: 'consume', model: 'RefreshToken', key: 'old' },
      { verb: 'remove', model: 'Interaction', key: 'done' },
      { verb: 'replace', model: 'Grant', key: 'removed', artifact: { payload: '{}' } },
    ])
    t.is(refused?.model, 'Grant')
    t.is((await artifacts.find('RefreshToken', 'old'))?.consumedAt, undefined)
    t.truthy(await artifacts.find('Interaction', 'done'))
  })
}

function replacement(test: TestFn, open: OpenArtifacts): void {
  test('artifacts: a replacement keeps when the record was consumed, and changes all else', async (t) => {
    const { artifacts, now } = await open(t)
    const expiresAt = now() + 60_000
    await artifacts.put('DeviceCode', 'a', { payload: '1', clientId: 'c', expiresAt })
    await artifacts.consume('DeviceCode', 'a')
    const artifact = { payload: '2', accountId: 'p', expiresAt: expiresAt + 1000 }
    await artifacts.write([{ verb: 'replace', model: 'DeviceCode', key: 'a', artifact }])
    const found = await artifacts.find('DeviceCode', 'a')
    t.like(found, { ...artifact, clientId: undefined })
    t.not(found?.consumedAt, undefined)
  })

  test('artifacts: a record that has expired is not replaced', async (t) => {
    const { artifacts, now, pass } = await open(t)
    await artifacts.put('Session', 'a', { payload: '1', uid: 'u', expiresAt: now() + 500 })
    await pass(600)
    t.truthy(await artifacts.write([session('a', now() + 60_000)]))
    t.is(await artifacts.find('Session', 'a'), undefined)
  })

  test('artifacts: a session goes on under its new key, and no longer under the old one', async (t) => {
    const { artifacts, now } = await open(t)
    const expiresAt = now() + 60_000
    await artifacts.put('Session', 'a', { payload: '1', uid: 'u', accountId: 'p', expiresAt })
    t.is(await artifacts.write([session('a', expiresAt, 'b')]), undefined)
    t.is(await artifacts.find('Session', 'a'), undefined)
    t.like(await artifacts.find('Session', 'b'), { payload: 'again', uid: 'u' })
    t.is((await artifacts.findSessionByUid('u'))?.key, 'b')
    t.truthy(await artifacts.write([session('a', expiresAt, 'c')]))
    t.is(await artifacts.find('Session', 'c'), undefined)
  })
}

function ends(test: TestFn, open: OpenArtifacts): void {
  test('artifacts: endSession() removes the session under every key, and no other', async (t) => {
    const { artifacts, now } = await open(t)
    const record = { payload: '{}', expiresAt: now() + 60_000 }
    await artifacts.put('Session', 'a', { ...record, uid: 'u' })
    await artifacts.put('Session', 'b', { ...record, uid: 'u' })
    await artifacts.put('Session', 'c', { ...record, uid: 'v' })
    await artifacts.endSession('u')
    t.is(await artifacts.find('Session', 'a'), undefined)
    t.is(await artifacts.find('Session', 'b'), undefined)
    t.is(await artifacts.findSessionByUid('u'), undefined)
    t.truthy(await artifacts.find('Session', 'c'))
    await t.notThrowsAsync(artifacts.endSession('unknown'))
  })

  test('artifacts: no request that has a session in hand brings it back after its end', async (t) => {
    const { artifacts, beside, now } = await open(t)
    const expiresAt = now() + 60_000
    const stores = [artifacts, beside] as const
    for (let round = 0; round < 20; round += 1) {
      const uid = `u${round}`
      const keys = Array.from({ length: 6 }, (_, index) => `${uid}-${index}`)
      await artifacts.put('Session', uid, { payload: '1', uid, accountId: 'p', expiresAt })
      const save = (store: ArtifactStore, to?: string) => {
        const artifact = { payload: '2', uid, accountId: 'p', expiresAt }
        return store.write([{ verb: 'replace', model: 'Session', key: uid, to, artifact }])
      }
      await Promise.all([
        ...keys.map((key, index) => save(stores[index % 2]!, index < 3 ? key : undefined)),
        stores[round % 2]!.endSession(uid),
      ])
      for (const key of [uid, ...keys]) t.is(await artifacts.find('Session', key), undefined, key)
      t.is(await artifacts.findSessionByUid(uid), undefined)
    }
  })
}

const add = (key: string): ArtifactWrite => ({
  verb: 'add',
  model: 'RefreshToken',
  key,
  artifact: { payload: key },
})

const session = (key: string, expiresAt: number, to?: string): ArtifactWrite => ({
  verb: 'replace',
  model: 'Session',
  key,
  to,
  artifact: { payload: 'again', uid: 'u', accountId: 'p', expiresAt },
})
