/** What every artifact store promises (`src/storage/artifacts.ts`), in SQL and in Redis. */
import type { ExecutionContext, TestFn } from 'ava'
import type { ArtifactStore, StoredArtifact } from '#storage/artifacts.ts'
import { artifactLookups } from './artifact-lookups.ts'
import { artifactWrites } from './artifact-writes.ts'
import { inParallel } from './in-parallel.ts'

/** A store to be tested, empty, and what the tests need to know about it. */
export interface ArtifactBackend {
  artifacts: ArtifactStore
  /** The same records through other connections, as a second process has them. */
  beside: ArtifactStore
  /** The time by which the store's records expire. */
  now(): number
  /** Lets so much time pass, for the store. */
  pass(ms: number): Promise<void>
  /** Whether records vanish without `removeExpired`. */
  expiresByItself: boolean
}

export type OpenArtifacts = (t: ExecutionContext) => Promise<ArtifactBackend>

export function artifactsContract(test: TestFn, open: OpenArtifacts): void {
  records(test, open)
  consumption(test, open)
  expiry(test, open)
  artifactLookups(test, open)
  artifactWrites(test, open)
}

function records(test: TestFn, open: OpenArtifacts): void {
  test('artifacts: find() returns what put() wrote, every field of it', async (t) => {
    const { artifacts, now } = await open(t)
    const artifact = {
      payload: JSON.stringify({ name: '张伟 👩‍👩‍👧', quote: `'"\\\u0000?$1` }),
      grantId: 'grant',
      uid: 'uid',
      accountId: 'account',
      clientId: 'client',
      expiresAt: now() + 60_000,
    }
    await artifacts.put('Session', 'a', artifact)
    t.deepEqual(present(await artifacts.find('Session', 'a')), { key: 'a', ...artifact })
  })

  test('artifacts: find() returns undefined for another key, another model, another case', async (t) => {
    const { artifacts } = await open(t)
    await artifacts.put('Grant', 'Key', { payload: '{}' })
    t.is(await artifacts.find('Grant', 'Other'), undefined)
    t.is(await artifacts.find('Session', 'Key'), undefined)
    t.is(await artifacts.find('Grant', 'key'), undefined)
  })

  test('artifacts: find() returns a payload of a megabyte unharmed', async (t) => {
    const { artifacts } = await open(t)
    const payload = '雨'.repeat(350_000)
    await artifacts.put('Grant', 'a', { payload })
    t.is((await artifacts.find('Grant', 'a'))?.payload, payload)
  })

  test('artifacts: put() replaces the whole record', async (t) => {
    const { artifacts, now } = await open(t)
    const expiresAt = now() + 60_000
    await artifacts.put('Grant', 'a', { payload: '1', accountId: 'x', clientId: 'y', expiresAt })
    await artifacts.put('Grant', 'a', { payload: '2' })
    t.deepEqual(present(await artifacts.find('Grant', 'a')), { key: 'a', payload: '2' })
  })

  test('artifacts: fifty parallel put() of one key all succeed, and one of them is found', async (t) => {
    const { artifacts, beside } = await open(t)
    const all = Array.from({ length: 50 }, (_, index) => String(index))
    await inParallel([artifacts, beside], all.length, (store, index) =>
      store.put('Grant', 'a', { payload: String(index), grantId: 'g' }),
    )
    t.true(all.includes((await artifacts.find('Grant', 'a'))?.payload ?? ''))
  })

  test('artifacts: remove() deletes the record and nothing else', async (t) => {
    const { artifacts } = await open(t)
    await artifacts.put('Grant', 'a', { payload: '1' })
    await artifacts.put('Grant', 'b', { payload: '2' })
    await artifacts.put('Session', 'a', { payload: '3' })
    await artifacts.remove('Grant', 'a')
    t.is(await artifacts.find('Grant', 'a'), undefined)
    t.is((await artifacts.find('Grant', 'b'))?.payload, '2')
    t.is((await artifacts.find('Session', 'a'))?.payload, '3')
  })

  test('artifacts: remove() of what is not there resolves', async (t) => {
    const { artifacts } = await open(t)
    await t.notThrowsAsync(artifacts.remove('Grant', 'a'))
  })
}

function consumption(test: TestFn, open: OpenArtifacts): void {
  test('artifacts: consume() wins once, and the record tells when', async (t) => {
    const { artifacts, now } = await open(t)
    await artifacts.put('AuthorizationCode', 'a', { payload: '{}', expiresAt: now() + 60_000 })
    const before = now()
    t.true(await artifacts.consume('AuthorizationCode', 'a'))
    t.false(await artifacts.consume('AuthorizationCode', 'a'))
    const consumedAt = (await artifacts.find('AuthorizationCode', 'a'))?.consumedAt ?? 0
    t.true(consumedAt >= before && consumedAt <= now())
  })

  test('artifacts: exactly one of fifty parallel consume() wins', async (t) => {
    const { artifacts, beside, now } = await open(t)
    await artifacts.put('RefreshToken', 'a', { payload: '{}', expiresAt: now() + 60_000 })
    const won = await countWins([artifacts, beside], (store) => store.consume('RefreshToken', 'a'))
    t.is(won, 1)
  })

  test('artifacts: consume() of what is not there is lost', async (t) => {
    const { artifacts } = await open(t)
    t.false(await artifacts.consume('AuthorizationCode', 'a'))
    t.is(await artifacts.find('AuthorizationCode', 'a'), undefined)
  })

  test('artifacts: put() keeps an earlier consumedAt', async (t) => {
    const { artifacts } = await open(t)
    await artifacts.put('DeviceCode', 'a', { payload: '1' })
    await artifacts.consume('DeviceCode', 'a')
    const consumedAt = (await artifacts.find('DeviceCode', 'a'))?.consumedAt
    await artifacts.put('DeviceCode', 'a', { payload: '2' })
    t.like(await artifacts.find('DeviceCode', 'a'), { payload: '2', consumedAt })
    t.not(consumedAt, undefined)
    t.false(await artifacts.consume('DeviceCode', 'a'))
  })

  test('artifacts: putIfAbsent() writes once', async (t) => {
    const { artifacts, now } = await open(t)
    const expiresAt = now() + 60_000
    t.true(await artifacts.putIfAbsent('ReplayDetection', 'a', { payload: '1', expiresAt }))
    t.false(await artifacts.putIfAbsent('ReplayDetection', 'a', { payload: '2', expiresAt }))
    t.is((await artifacts.find('ReplayDetection', 'a'))?.payload, '1')
  })

  test('artifacts: exactly one of fifty parallel putIfAbsent() wins', async (t) => {
    const { artifacts, beside, now } = await open(t)
    const record = { payload: '{}', expiresAt: now() + 60_000 }
    const put = (store: ArtifactStore) => store.putIfAbsent('ReplayDetection', 'a', record)
    t.is(await countWins([artifacts, beside], put), 1)
  })
}

function expiry(test: TestFn, open: OpenArtifacts): void {
  test('artifacts: an expired record is not found, by any way, and cannot be consumed', async (t) => {
    const { artifacts, now, pass } = await open(t)
    const write = async (ms: number): Promise<void> => {
      const expiresAt = now() + ms
      await artifacts.put('Session', 'a', { payload: '{}', uid: 'u', expiresAt })
      await artifacts.put('DeviceCode', 'a', { payload: '{}', userCodeHash: 'c', expiresAt })
    }
    await write(60_000)
    t.truthy(await artifacts.find('Session', 'a'))
    await write(500)
    await pass(600)
    t.is(await artifacts.find('Session', 'a'), undefined)
    t.is(await artifacts.findSessionByUid('u'), undefined)
    t.is(await artifacts.findDeviceCodeByUserCode('c'), undefined)
    t.false(await artifacts.consume('DeviceCode', 'a'))
  })

  test('artifacts: a record is not found when it had expired before it was written', async (t) => {
    const { artifacts, now } = await open(t)
    await artifacts.put('Session', 'a', { payload: '{}', uid: 'u', expiresAt: now() - 1000 })
    t.is(await artifacts.find('Session', 'a'), undefined)
    t.is(await artifacts.findSessionByUid('u'), undefined)
  })

  test('artifacts: put() gives a record its new time', async (t) => {
    const { artifacts, now, pass } = await open(t)
    await artifacts.put('Session', 'a', { payload: '1', expiresAt: now() + 500 })
    await artifacts.put('Session', 'a', { payload: '2', expiresAt: now() + 60_000 })
    await pass(600)
    t.is((await artifacts.find('Session', 'a'))?.payload, '2')
  })

  test('artifacts: exactly one of fifty parallel putIfAbsent() gets the key of an expired record', async (t) => {
    const { artifacts, beside, now, pass } = await open(t)
    await artifacts.put('ReplayDetection', 'a', { payload: 'old', expiresAt: now() + 500 })
    await artifacts.consume('ReplayDetection', 'a')
    await pass(600)
    const record = { payload: 'new', expiresAt: now() + 60_000 }
    const put = (store: ArtifactStore) => store.putIfAbsent('ReplayDetection', 'a', record)
    t.is(await countWins([artifacts, beside], put), 1)
    const found = present(await artifacts.find('ReplayDetection', 'a'))
    t.deepEqual(found, { key: 'a', ...record })
  })

  test('artifacts: removeExpired() deletes no more than the limit, and nothing that lives', async (t) => {
    const { artifacts, now, pass, expiresByItself } = await open(t)
    const expiring = { payload: '{}', expiresAt: now() + 500 }
    for (const key of ['a', 'b', 'c', 'd', 'e']) await artifacts.put('Session', key, expiring)
    await artifacts.put('Session', 'later', { payload: '{}', expiresAt: now() + 60_000 })
    await artifacts.put('Grant', 'never', { payload: '{}' })
    await pass(600)
    const counts = []
    for (let round = 0; round < 4; round++) counts.push(await artifacts.removeExpired(2))
    t.deepEqual(counts, expiresByItself ? [0, 0, 0, 0] : [2, 2, 1, 0])
    t.truthy(await artifacts.find('Session', 'later'))
    t.truthy(await artifacts.find('Grant', 'never'))
  })
}

/** Resolves to how many of fifty calls at once won. */
async function countWins(
  stores: readonly [ArtifactStore, ArtifactStore],
  call: (store: ArtifactStore) => Promise<boolean>,
): Promise<number> {
  return (await inParallel(stores, 50, call)).filter(Boolean).length
}

/** The record without the fields that are absent. */
const present = (stored: StoredArtifact | undefined): object | undefined =>
  stored && Object.fromEntries(Object.entries(stored).filter(([, value]) => value !== undefined))
