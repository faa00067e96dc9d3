import test, { type ExecutionContext } from 'ava'
import { newId } from '#lib/ids.ts'
import { createAuthenticate } from '#users/authenticate.ts'
import { createLoginLimits } from '#users/limits.ts'
import { createPasswords } from '#users/passwords.ts'
import { openStorage } from '../support/storage.ts'

const cheap = { memoryKib: 8192, timeCost: 1, parallelism: 1, queueMax: 1000 }
const email = 'li.hua@example.com'
const here = { address: '192.0.2.1' }

async function begin(t: ExecutionContext, { failures = 5, costs = cheap } = {}) {
  const { storage, clock } = await openStorage(t)
  const { users } = storage
  const passwords = createPasswords(costs)
  const passwordHash = await createPasswords(cheap).hash('the right one')
  const { id } = await users.create({ id: newId(), email, passwordHash })
  const limits = createLoginLimits({ limits: storage.limits, failures, lockMs: 60_000 })
  return {
    storage,
    users,
    clock,
    id,
    authenticate: createAuthenticate({ users, passwords, limits }),
  }
}

test('the right password is the user, and the sign-in is counted', async (t) => {
  const { authenticate, users, id } = await begin(t)
  const user = await authenticate({ identifier: ` ${email} `, password: 'the right one', ...here })
  t.is(user?.id, id)
  t.is((await users.findById(id))?.loginCount, 1)
})

test('a wrong password is nobody, and nothing is counted', async (t) => {
  const { authenticate, users, id } = await begin(t)
  t.is(await authenticate({ identifier: email, password: 'wrong', ...here }), undefined)
  t.is((await users.findById(id))?.loginCount, 0)
})

test('an unknown person, one without a password and a banned one are nobody', async (t) => {
  const { authenticate, users, id } = await begin(t)
  t.is(await authenticate({ identifier: 'nobody', password: 'the right one', ...here }), undefined)
  await users.update(id, { bannedAt: 1 })
  t.is(await authenticate({ identifier: email, password: 'the right one', ...here }), undefined)
  await users.update(id, { bannedAt: undefined })
  await users.setPasswordHash(id, undefined)
  t.is(await authenticate({ identifier: email, password: '', ...here }), undefined)
})

test('a hash with other costs is renewed at the next sign-in', async (t) => {
  const { authenticate, users, id } = await begin(t, { costs: { ...cheap, timeCost: 2 } })
  const before = await users.findPasswordHash(id)
  t.truthy(await authenticate({ identifier: email, password: 'the right one', ...here }))
  t.not(await users.findPasswordHash(id), before)
  t.truthy(await authenticate({ identifier: email, password: 'the right one', ...here }))
})

test('after five wrong ones the right one is refused, from that address, until the lock ends', async (t) => {
  const { authenticate, clock } = await begin(t)
  for (let tries = 0; tries < 5; tries++)
    await authenticate({ identifier: email, password: 'wrong', ...here })
  t.is(await authenticate({ identifier: email, password: 'the right one', ...here }), undefined)
  t.truthy(
    await authenticate({ identifier: email, password: 'the right one', address: '192.0.2.2' }),
  )
  clock.now += 60_001
  t.truthy(await authenticate({ identifier: email, password: 'the right one', ...here }))
})

test('guesses from many addresses lock the account all the same', async (t) => {
  const { authenticate } = await begin(t)
  for (let host = 1; host <= 20; host++) {
    await authenticate({ identifier: email, password: 'wrong', address: `198.51.100.${host}` })
  }
  t.is(await authenticate({ identifier: email, password: 'the right one', ...here }), undefined)
})

test('guesses at many accounts lock the address', async (t) => {
  const { authenticate } = await begin(t)
  for (let n = 0; n < 20; n++)
    await authenticate({ identifier: `user${n}`, password: 'wrong', ...here })
  t.is(await authenticate({ identifier: email, password: 'the right one', ...here }), undefined)
})

test('of fifty parallel guesses no more than the limit are looked at', async (t) => {
  const { authenticate, users, id } = await begin(t)
  const guesses = Array.from({ length: 50 }, () =>
    authenticate({ identifier: email, password: 'the right one', ...here }),
  )
  const right = (await Promise.all(guesses)).filter(Boolean)
  t.true(right.length <= 5, `${right.length} were looked at`)
  t.is((await users.findById(id))?.loginCount, right.length)
})

test('a sign-in forgets the failures before it', async (t) => {
  const { authenticate } = await begin(t)
  for (let round = 0; round < 3; round++) {
    for (let tries = 0; tries < 4; tries++)
      await authenticate({ identifier: email, password: 'wrong', ...here })
    t.truthy(await authenticate({ identifier: email, password: 'the right one', ...here }))
  }
})

test('whoever signs in within the grace is not erased', async (t) => {
  const { authenticate, users, clock, id } = await begin(t)
  await users.update(id, { eraseAt: clock.now + 1000 })
  t.truthy(await authenticate({ identifier: email, password: 'the right one', ...here }))
  t.is((await users.findById(id))?.eraseAt, undefined)
})
