/** What every store of signing keys promises (`src/storage/signing-keys.ts`). */
import type { ExecutionContext, TestFn } from 'ava'
import { AlreadyExists } from '#storage/errors.ts'
import type { KeyState, SigningKey, SigningKeyStore } from '#storage/signing-keys.ts'
import { inParallel } from './in-parallel.ts'

export interface SigningKeyBackend {
  signingKeys: SigningKeyStore
  /** The same keys through other connections, as a second process has them. */
  beside: SigningKeyStore
}

const key = (id: string, state: KeyState, createdAt = 1_700_000_000_000): SigningKey => ({
  id,
  alg: 'ES256',
  state,
  sealedJwk: `sealed ${id}`,
  createdAt,
  stateSince: createdAt + 1,
})

export function signingKeysContract(
  test: TestFn,
  open: (t: ExecutionContext) => Promise<SigningKeyBackend>,
): void {
  test('signing keys: list() returns what replaceAll() wrote, oldest first', async (t) => {
    const { signingKeys } = await open(t)
    t.deepEqual(await signingKeys.list(), [])
    const [younger, older] = [key('a', 'next', 2_000), key('b', 'current', 1_000)]
    t.true(await signingKeys.replaceAll([], [younger, older]))
    t.deepEqual(await signingKeys.list(), [older, younger])
  })

  test('signing keys: replaceAll() replaces the set that is expected', async (t) => {
    const { signingKeys } = await open(t)
    const before = [key('a', 'current'), key('b', 'next')]
    await signingKeys.replaceAll([], before)
    const after = [key('a', 'previous'), key('b', 'current'), key('c', 'next')]
    t.true(await signingKeys.replaceAll(before.toReversed(), after))
    t.deepEqual(await signingKeys.list(), after)
    t.true(await signingKeys.replaceAll(after, []))
    t.deepEqual(await signingKeys.list(), [])
  })

  test('signing keys: replaceAll() refuses when a key or a state differs, and changes nothing', async (t) => {
    const { signingKeys } = await open(t)
    const stored = [key('a', 'current'), key('b', 'next')]
    await signingKeys.replaceAll([], stored)
    const others = [
      [],
      [key('a', 'current')],
      [key('a', 'current'), key('b', 'current')],
      [key('a', 'current'), key('c', 'next')],
      [key('a', 'current'), key('a', 'current')],
      [...stored, key('c', 'next')],
    ]
    for (const expected of others) {
      t.false(await signingKeys.replaceAll(expected, [key('z', 'current')]))
    }
    t.deepEqual(await signingKeys.list(), stored)
  })

  test('signing keys: exactly one of parallel replaceAll() wins, also from the empty set', async (t) => {
    const { signingKeys, beside } = await open(t)
    let stored: SigningKey[] = []
    for (const round of ['a', 'b', 'c']) {
      const sets = Array.from({ length: 20 }, (_, index) => [
        key(`${round}${index}-1`, 'current'),
        key(`${round}${index}-2`, 'next'),
      ])
      const expected = stored
      const results = await inParallel([signingKeys, beside], 20, (store, index) =>
        store.replaceAll(expected, sets[index] ?? []),
      )
      t.is(results.filter(Boolean).length, 1)
      stored = sets[results.indexOf(true)] ?? []
      t.deepEqual(await signingKeys.list(), stored)
    }
  })

  test('signing keys: a replaceAll() that fails changes nothing', async (t) => {
    const { signingKeys } = await open(t)
    const stored = [key('a', 'current')]
    await signingKeys.replaceAll([], stored)
    const twice = [key('b', 'current'), key('b', 'next')]
    await t.throwsAsync(signingKeys.replaceAll(stored, twice), { instanceOf: AlreadyExists })
    t.deepEqual(await signingKeys.list(), stored)
  })
}
