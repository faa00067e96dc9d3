/** What every store of factors promises (`src/storage/factors.ts`). */
import type { ExecutionContext, TestFn } from 'ava'
import { newId, newSecret } from '#lib/ids.ts'
import { AlreadyExists } from '#storage/errors.ts'
import type { NewFactor } from '#storage/factors.ts'
import type { Storage } from '#storage/storage.ts'
import { inParallel } from './in-parallel.ts'

type Stores = Pick<Storage, 'factors' | 'users'>

export interface FactorBackend {
  storage: Stores
  beside: Stores
  now(): number
  pass(ms: number): Promise<void>
}

type Open = (t: ExecutionContext) => Promise<FactorBackend>

const factorOf = (userId: string, overrides: Partial<NewFactor> = {}): NewFactor => ({
  id: newId(),
  userId,
  kind: 'passkey',
  key: newSecret(),
  name: '我的手机 😀',
  data: '{"transports":["internal"]}',
  counter: 0,
  ...overrides,
})

const userOf = async ({ users }: Stores): Promise<string> =>
  (await users.create({ id: newId() })).id

export function factorsContract(test: TestFn, open: Open): void {
  reading(test, open)
  counters(test, open)
  changes(test, open)
  recoveryCodes(test, open)
}

function reading(test: TestFn, open: Open): void {
  test('factors: what add() wrote is found by its key and by its owner', async (t) => {
    const { storage, now } = await open(t)
    const { factors } = storage
    const userId = await userOf(storage)
    t.false(await factors.anyOfUser(userId))
    const given = factorOf(userId, { counter: 4_294_967_295 })
    const added = await factors.add(given)
    t.deepEqual(added, { ...given, createdAt: now(), lastUsedAt: undefined })
    t.deepEqual(await factors.findByKey(given.key), added)
    t.deepEqual(await factors.listByUser(userId), [added])
    t.true(await factors.anyOfUser(userId))
    for (const nobody of ['none', '', '张', 'a\0b', `${userId} `]) {
      t.is(await factors.findByKey(nobody), undefined)
      t.deepEqual(await factors.listByUser(nobody), [])
      t.false(await factors.anyOfUser(nobody))
    }
  })

  test('factors: of 20 who add one key at once one has it', async (t) => {
    const { storage, beside } = await open(t)
    const [one, other] = [await userOf(storage), await userOf(storage)]
    const key = newSecret()
    const added = await inParallel([storage, beside], 20, ({ factors }, index) =>
      factors.add(factorOf(index % 3 ? one : other, { key })).catch((error: unknown) => error),
    )
    const refused = added.filter((result) => result instanceof AlreadyExists)
    t.is(refused.length, 19)
    t.true(refused.every(({ field }) => field === 'factor'))
  })

  test('factors: replace() leaves one of that key, and never takes another person’s', async (t) => {
    const { storage, beside } = await open(t)
    const [userId, other] = [await userOf(storage), await userOf(storage)]
    const key = newSecret()
    await inParallel([storage, beside], 10, ({ factors }) =>
      factors.replace(factorOf(userId, { kind: 'totp', key })),
    )
    const [left, ...more] = await storage.factors.listByUser(userId)
    t.deepEqual(more, [])
    const again = storage.factors.replace({
      ...factorOf(userId, { kind: 'totp', key }),
      id: left!.id,
    })
    await t.throwsAsync(again, { instanceOf: AlreadyExists })
    const stolen = storage.factors.replace(factorOf(other, { key }))
    await t.throwsAsync(stolen, { instanceOf: AlreadyExists, message: 'factor is taken' })
    t.deepEqual(await storage.factors.listByUser(userId), [left])
  })

  test('factors: who is removed leaves none behind', async (t) => {
    const { storage } = await open(t)
    const userId = await userOf(storage)
    const factor = await storage.factors.add(factorOf(userId))
    await storage.factors.replaceRecoveryCodes(userId, ['a'])
    await storage.users.remove(userId)
    t.is(await storage.factors.findByKey(factor.key), undefined)
    t.is(await storage.factors.countRecoveryCodes(userId), 0)
  })
}

function counters(test: TestFn, open: Open): void {
  test('factors: advance() takes each number once, however many come at once', async (t) => {
    const { storage, beside, now, pass } = await open(t)
    const { id, key } = await storage.factors.add(factorOf(await userOf(storage)))
    await pass(1000)
    const taken = await inParallel([storage, beside], 50, ({ factors }) =>
      factors.advance(id, 58_000_000),
    )
    t.is(taken.filter(Boolean).length, 1)
    t.like(await storage.factors.findByKey(key), { counter: 58_000_000, lastUsedAt: now() })
  })

  test('factors: a counter never goes back, nor from a number to none', async (t) => {
    const { storage } = await open(t)
    const { factors } = storage
    const { id, key } = await factors.add(factorOf(await userOf(storage), { counter: 5 }))
    for (const counter of [5, 4, 1, 0]) t.false(await factors.advance(id, counter))
    t.true(await factors.advance(id, 4_294_967_295))
    t.is((await factors.findByKey(key))?.counter, 4_294_967_295)
    t.false(await factors.advance('none', 9))
  })

  test('factors: a passkey that does not count is accepted each time', async (t) => {
    const { storage, now, pass } = await open(t)
    const { id, key } = await storage.factors.add(factorOf(await userOf(storage)))
    await pass(1000)
    t.true(await storage.factors.advance(id, 0))
    t.true(await storage.factors.advance(id, 0))
    t.like(await storage.factors.findByKey(key), { counter: 0, lastUsedAt: now() })
  })
}

function changes(test: TestFn, open: Open): void {
  test('factors: rename() and remove() reach the user’s own only', async (t) => {
    const { storage } = await open(t)
    const { factors } = storage
    const [userId, other] = [await userOf(storage), await userOf(storage)]
    const factor = await factors.add(factorOf(userId))
    t.false(await factors.rename(other, factor.id, 'mine'))
    t.is(await factors.remove(other, factor.id), undefined)
    t.false(await factors.rename(userId, 'a\0b', 'x'))
    t.true(await factors.rename(userId, factor.id, '钥匙 👩‍👩‍👧'))
    t.deepEqual(await factors.remove(userId, factor.id), { ...factor, name: '钥匙 👩‍👩‍👧' })
    t.is(await factors.remove(userId, factor.id), undefined)
    t.is(await factors.remove(userId, 'a\0b'), undefined)
  })

  test('factors: the recovery codes go with the last factor', async (t) => {
    const { storage } = await open(t)
    const { factors } = storage
    const userId = await userOf(storage)
    const [one, two] = [await factors.add(factorOf(userId)), await factors.add(factorOf(userId))]
    await factors.replaceRecoveryCodes(userId, ['a', 'b'])
    await factors.remove(userId, one.id)
    t.is(await factors.countRecoveryCodes(userId), 2)
    await factors.remove(userId, two.id)
    t.is(await factors.countRecoveryCodes(userId), 0)
  })
}

function recoveryCodes(test: TestFn, open: Open): void {
  test('factors: a recovery code is spent once, however many try at once', async (t) => {
    const { storage, beside } = await open(t)
    const [userId, other] = [await userOf(storage), await userOf(storage)]
    await storage.factors.replaceRecoveryCodes(userId, ['a', 'b'])
    t.false(await storage.factors.useRecoveryCode(other, 'a'))
    const spent = await inParallel([storage, beside], 50, ({ factors }) =>
      factors.useRecoveryCode(userId, 'a'),
    )
    t.is(spent.filter(Boolean).length, 1)
    t.is(await storage.factors.countRecoveryCodes(userId), 1)
    t.false(await storage.factors.useRecoveryCode(userId, 'c'))
  })

  test('factors: a new set of recovery codes takes the place of the old one, also at once', async (t) => {
    const { storage, beside } = await open(t)
    const userId = await userOf(storage)
    await storage.factors.replaceRecoveryCodes(userId, ['old'])
    await inParallel([storage, beside], 8, ({ factors }, index) =>
      factors.replaceRecoveryCodes(userId, [`${index}-1`, `${index}-2`]),
    )
    t.is(await storage.factors.countRecoveryCodes(userId), 2)
    t.false(await storage.factors.useRecoveryCode(userId, 'old'))
  })
}
