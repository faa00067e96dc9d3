import test from 'ava'
import { createAttempt } from '#factors/attempts.ts'
import { createRecoveryCodes } from '#factors/recovery-codes.ts'
import { newId } from '#lib/ids.ts'
import { openStorage } from '../support/storage.ts'

test('ten codes, good once each, however they were written down, for their owner alone', async (t) => {
  const { storage } = await openStorage(t)
  const { factors: store, limits, users } = storage
  const codes = createRecoveryCodes({ store, attempt: createAttempt(limits) })
  const [owner, other] = [await users.create({ id: newId() }), await users.create({ id: newId() })]
  const made = await codes.make(owner)
  t.is(new Set(made).size, 10)
  t.true(made.every((code) => /^([0-9a-hjkmnp-tv-z]{4}-){2}[0-9a-hjkmnp-tv-z]{4}$/.test(code)))
  t.is(await codes.verify(other.id, made[0]!), 'wrong')
  const scribbled = made[0]!
    .toUpperCase()
    .replaceAll('0', 'O')
    .replaceAll('1', 'l')
    .replaceAll('-', ' ')
  t.is(await codes.verify(owner.id, scribbled), 'accepted')
  t.is(await codes.verify(owner.id, made[0]!), 'wrong')
})
