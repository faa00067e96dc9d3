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
  const limits = createLoginLimits({
    limits: storage.limits,
    failures,
    lockMs: 60_000,
    waitingMax: 1000,
  })
  let looked = 0
  const verify: typeof passwords.verify = (stored, password) => {
    if (stored !== undefined) looked++
    return passwords.verify(stored, password)
  }
  return {
    storage,
    users,
    clock,
    id,
    limits,
    /** How many passwords were held against the account's own hash. */
    looked: () => looked,
    authenticate: createAuthenticate({ users, passwords: { ...passwords, verify }, limits }),
  }
}

test('the right password is the user', async (t) => {
  const { authenticate, id } = await begin(t)
  const user = await authenticate({ identifier: ` ${email} `, password: 'the right one', ...here })
  t.is(user?.id, id)
})

test('a wrong password is no one, and nothing is counted', async (t) => {
  const { authenticate, users, id } = await begin(t)
  t.is(await authenticate({ identifier: email, password: 'wrong', ...here }), undefined)
  t.is((await users.findById(id))?.loginCount, 0)
})

test('an unknown person, one without a password and a banned one are no one', async (t) => {
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

test('guesses at many accounts from one /64 lock it, whatever its addresses', async (t) => {
  const { authenticate } = await begin(t)
  for (let n = 0; n < 20; n++)
    await authenticate({ identifier: `user${n}`, password: 'wrong', address: `2001:db8::${n}` })
  const right = { identifier: email, password: 'the right one' }
  t.is(await authenticate({ ...right, address: '2001:db8::ffff' }), undefined)
  t.truthy(await authenticate({ ...right, address: '2001:db8:0:1::1' }))
})

test('a right password between the guesses at others does not clear the address', async (t) => {
  const { authenticate, looked, users, id } = await begin(t)
  const passwordHash = await users.findPasswordHash(id)
  const victims = Array.from({ length: 40 }, (_, n) => `victim${n}`)
  for (const username of victims) await users.create({ id: newId(), username, passwordHash })
  let own = 0
  for (const identifier of victims) {
    if (await authenticate({ identifier: email, password: 'the right one', ...here })) own++
    await authenticate({ identifier, password: 'wrong', ...here })
  }
  t.is(looked() - own, 20)
})

test('e-mail and username of an account share its guesses', async (t) => {
  const { authenticate, looked, users, id } = await begin(t)
  await users.update(id, { username: 'lihua' })
  const names = [email, 'lihua', ' LiHua ', email.toUpperCase()]
  for (let n = 0; n < 12; n++)
    await authenticate({ identifier: names[n % 4]!, password: 'wrong', ...here })
  t.is(looked(), 5)
  for (let n = 0; n < 40; n++)
    await authenticate({ identifier: names[n % 4]!, password: 'wrong', address: `198.51.100.${n}` })
  // Seven more tries from here were refused, and counted.
  t.is(looked(), 5 + 8)
})

test('a known name and an unknown one use up the address alike', async (t) => {
  const { authenticate, users, id } = await begin(t)
  await users.update(id, { username: 'lihua' })
  const passwordHash = await users.findPasswordHash(id)
  await users.create({ id: newId(), username: 'own', passwordHash })
  const triesUntilShut = async (address: string, names: string[]): Promise<number> => {
    for (let tries = 0; ; tries++) {
      const own = { identifier: 'own', password: 'the right one', address }
      if (!(await authenticate(own))) return tries
      await authenticate({ identifier: names[tries % 2]!, password: 'wrong', address })
    }
  }
  const known = await triesUntilShut('192.0.2.8', [email, 'lihua'])
  t.is(await triesUntilShut('192.0.2.9', ['none@example.com', 'none']), known)
})

test('of fifty parallel guesses no more than the limit are looked at', async (t) => {
  const { authenticate, looked } = await begin(t)
  await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      authenticate({ identifier: email, password: `wrong ${n}`, ...here }),
    ),
  )
  t.is(looked(), 5)
  t.is(await authenticate({ identifier: email, password: 'the right one', ...here }), undefined)
})

test('of fifty parallel guesses from fifty addresses no more than four times the limit are looked at', async (t) => {
  const { authenticate, looked } = await begin(t)
  await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      authenticate({ identifier: email, password: `wrong ${n}`, address: `198.51.100.${n}` }),
    ),
  )
  t.is(looked(), 20)
})

test('fifty parallel sign-ins with the right password all succeed, also after four wrong ones', async (t) => {
  const { authenticate } = await begin(t)
  for (let tries = 0; tries < 4; tries++)
    await authenticate({ identifier: email, password: 'wrong', ...here })
  const answers = await Promise.all(
    Array.from({ length: 50 }, () =>
      authenticate({ identifier: email, password: 'the right one', ...here }),
    ),
  )
  t.is(answers.filter(Boolean).length, 50)
})

test('thirty people sign in from one address at once', async (t) => {
  const { authenticate, users, id } = await begin(t)
  const passwordHash = await users.findPasswordHash(id)
  const names = Array.from({ length: 30 }, (_, n) => `person${n}`)
  for (const username of names) await users.create({ id: newId(), username, passwordHash })
  const answers = await Promise.all(
    names.map((identifier) => authenticate({ identifier, password: 'the right one', ...here })),
  )
  t.is(answers.filter(Boolean).length, 30)
})

test('tries that no one looked at because the server was busy lock no one out', async (t) => {
  const { authenticate, users, limits } = await begin(t)
  const full = createPasswords({ ...cheap, queueMax: 0 })
  const atBusyServer = createAuthenticate({ users, passwords: full, limits })
  const attempt = { identifier: email, password: 'the right one', ...here }
  for (let tries = 0; tries < 6; tries++)
    await t.throwsAsync(atBusyServer(attempt), { message: 'busy' })
  t.truthy(await authenticate(attempt))
})

test('a sign-in forgets the failures before it', async (t) => {
  const { authenticate } = await begin(t)
  for (let round = 0; round < 3; round++) {
    for (let tries = 0; tries < 4; tries++)
      await authenticate({ identifier: email, password: 'wrong', ...here })
    t.truthy(await authenticate({ identifier: email, password: 'the right one', ...here }))
  }
})
