import test from 'ava'
import { createChallenges } from '#factors/challenges.ts'
import { openStorage } from '../support/storage.ts'

test('a challenge is good for one purpose, one hour and one answer, at whichever process', async (t) => {
  const { storage, clock } = await openStorage(t)
  const parts = { artifacts: storage.artifacts, now: () => clock.now }
  const one = createChallenges({ ...parts, secrets: ['new', 'old'] })
  const other = createChallenges({ ...parts, secrets: ['old'] })
  const challenge = other.make('sign-in:a')
  t.false(await one.spend(challenge, 'sign-in:b'))
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      (index % 2 ? one : other).spend(challenge, 'sign-in:a'),
    ),
  )
  t.is(answers.filter(Boolean).length, 1)

  const late = one.make('sign-in:a')
  clock.now += 60 * 60_000
  t.false(await one.spend(late, 'sign-in:a'))
  const stranger = createChallenges({ ...parts, secrets: ['another'] }).make('sign-in:a')
  const fresh = one.make('sign-in:a')
  const flipped = `${fresh.startsWith('A') ? 'B' : 'A'}${fresh.slice(1)}`
  for (const odd of [stranger, flipped, '', 'AAAA', 'x'.repeat(10_000)])
    t.false(await one.spend(odd, 'sign-in:a'))
  t.true(await one.spend(fresh, 'sign-in:a'))
})
