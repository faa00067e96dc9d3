import test from 'ava'
import { AppError } from '#lib/app-error.ts'
import { createPasswords } from '#users/passwords.ts'

const cheap = { memoryKib: 8192, timeCost: 1, parallelism: 1, queueMax: 100 }
const passwords = createPasswords(cheap)

test('a hash is argon2id with the costs in it and a salt of its own', async (t) => {
  const [a, b] = await Promise.all([
    passwords.hash('correct horse'),
    passwords.hash('correct horse'),
  ])
  t.regex(a, /^\$argon2id\$v=19\$m=8192,(t=1,p=1|p=1,t=1)\$/)
  t.not(a, b)
  t.true(await passwords.verify(a, 'correct horse'))
  t.false(await passwords.verify(a, 'correct house'))
})

test('without a stored hash every password is wrong', async (t) => {
  t.false(await passwords.verify(undefined, ''))
  t.false(await passwords.verify(undefined, 'anything'))
})

test('one password is one text, however the keyboard composed it', async (t) => {
  const stored = await passwords.hash('Cafe\u0301 \uFF11\uFF12\uFF13') // e + accent, full-width digits
  t.true(await passwords.verify(stored, 'Caf\u00E9 123'))
  t.false(await passwords.verify(stored, 'Cafe 123'))
})

test('a hash that was made with other costs is outdated', async (t) => {
  const stored = await passwords.hash('correct horse')
  t.false(passwords.isOutdated(stored))
  t.true(createPasswords({ ...cheap, timeCost: 2 }).isOutdated(stored))
  t.true(createPasswords({ ...cheap, memoryKib: 16_384 }).isOutdated(stored))
  t.true(await createPasswords({ ...cheap, timeCost: 2 }).verify(stored, 'correct horse'))
})

test('past the bound of the queue the answer is busy at once, and what waits is still done', async (t) => {
  const bounded = createPasswords({ ...cheap, queueMax: 3 })
  const results = await Promise.allSettled(
    Array.from({ length: 40 }, () => bounded.hash('correct horse')),
  )
  const refused = results.filter((result) => result.status === 'rejected')
  t.true(refused.length > 0 && refused.length < 40, String(refused.length))
  for (const { reason } of refused) {
    t.true(reason instanceof AppError)
    t.like(reason as AppError, { code: 'busy', status: 503, headers: { 'Retry-After': '2' } })
  }
  t.truthy(await bounded.hash('afterwards'))
})

test('an unknown person costs as much as a known one, more or less', async (t) => {
  const stored = await passwords.hash('correct horse')
  const median = async (hash: string | undefined): Promise<number> => {
    const times: number[] = []
    for (let i = 0; i < 9; i += 1) {
      const from = performance.now()
      await passwords.verify(hash, 'wrong horse')
      times.push(performance.now() - from)
    }
    return times.toSorted((a, b) => a - b)[4]!
  }
  await passwords.verify(undefined, 'warm up')
  const [known, unknown] = [await median(stored), await median(undefined)]
  // Without the decoy the ratio would be in the hundreds.
  t.true(unknown > known / 10 && unknown < known * 10, `${known} and ${unknown} ms`)
})
