import test, { type ExecutionContext } from 'ava'
import { Secret, TOTP } from 'otpauth'
import { createAttempt } from '#factors/attempts.ts'
import { createTotp } from '#factors/totp.ts'
import { newId } from '#lib/ids.ts'
import { createSealer } from '#lib/sealing.ts'
import { openStorage } from '../support/storage.ts'

const step = 30_000

async function begin(t: ExecutionContext) {
  const { storage, clock } = await openStorage(t)
  // The middle of a step.
  clock.now = Math.floor(clock.now / step) * step + step / 2
  const now = () => clock.now
  const sealer = (purpose: string) => createSealer(['a secret of the server'], purpose)
  const totp = createTotp({
    store: storage.factors,
    attempt: createAttempt(storage.limits),
    sealer: sealer('totp'),
    setupSealer: sealer('totp-setup'),
    issuer: '玉门',
    now,
  })
  const user = await storage.users.create({ id: newId(), email: 'li@example.com' })
  const setup = await totp.begin(user)
  const codeAt = (steps: number): string =>
    new TOTP({ secret: Secret.fromBase32(setup.secret) }).generate({
      timestamp: clock.now + steps * step,
    })
  return { storage, clock, totp, user, setup: setup.setup, uri: setup.uri, codeAt }
}

test('the address names the issuer and the account, and the seed has 160 bits', async (t) => {
  const { uri } = await begin(t)
  const { pathname, searchParams } = new URL(uri)
  t.is(decodeURIComponent(pathname), '/玉门:li@example.com')
  t.is(searchParams.get('secret')?.length, 32)
  t.is(searchParams.get('issuer'), '玉门')
})

test('a code is good one step early or late, and no more', async (t) => {
  const { totp, user, setup, codeAt, clock } = await begin(t)
  t.not(await totp.confirm(user, { setup, code: codeAt(-1) }), 'wrong')
  clock.now += 10 * step
  t.is(await totp.verify(user.id, codeAt(-2)), 'wrong')
  t.is(await totp.verify(user.id, codeAt(2)), 'wrong')
  t.is(await totp.verify(user.id, codeAt(-1)), 'accepted')
  t.is(await totp.verify(user.id, ` ${codeAt(1).slice(0, 3)} ${codeAt(1).slice(3)} `), 'accepted')
  clock.now += 10 * step
  for (const odd of ['', '12345', '1234567', 'abcdef', '１２３４５６'])
    t.is(await totp.verify(user.id, odd), 'wrong', odd)
})

test('no code is good twice, not the one that confirmed the app, nor one of an earlier step', async (t) => {
  const { totp, user, setup, codeAt } = await begin(t)
  t.not(await totp.confirm(user, { setup, code: codeAt(0) }), 'wrong')
  t.is(await totp.verify(user.id, codeAt(0)), 'wrong')
  t.is(await totp.verify(user.id, codeAt(1)), 'accepted')
  t.is(await totp.verify(user.id, codeAt(1)), 'wrong')
  t.is(await totp.verify(user.id, codeAt(0)), 'wrong')
})

test('a setup is of its owner, for 15 minutes, once', async (t) => {
  const { totp, storage, user, setup, codeAt, clock } = await begin(t)
  const other = await storage.users.create({ id: newId() })
  const invalid = { message: 'invalid_token' }
  await t.throwsAsync(totp.confirm(other, { setup, code: codeAt(0) }), invalid)
  t.is(await totp.confirm(user, { setup, code: codeAt(5) }), 'wrong')
  t.not(await totp.confirm(user, { setup, code: codeAt(0) }), 'wrong')
  await t.throwsAsync(totp.confirm(user, { setup, code: codeAt(1) }), invalid)
  const late = await totp.begin(user)
  clock.now += 16 * 60_000
  await t.throwsAsync(totp.confirm(user, { setup: late.setup, code: codeAt(0) }), invalid)
  t.not((await totp.begin(user, late.setup)).secret, late.secret)
})

test('the seed is not in what is stored, and a seed that was moved to another person opens nothing', async (t) => {
  const { totp, storage, user, setup, codeAt } = await begin(t)
  await totp.confirm(user, { setup, code: codeAt(0) })
  const [factor] = await storage.factors.listByUser(user.id)
  t.regex(factor!.data, /^v1\./)
  const other = await storage.users.create({ id: newId() })
  const { key: _key, ...rest } = factor!
  const { sha256 } = await import('#lib/hashing.ts')
  const moved = { ...rest, id: newId(), userId: other.id, key: sha256(`totp:${other.id}`) }
  await storage.factors.add(moved)
  t.is(await totp.verify(other.id, codeAt(1)), 'wrong')
})

test('five wrong codes close it for 15 minutes, then it opens again', async (t) => {
  const { totp, user, setup, codeAt, clock } = await begin(t)
  await totp.confirm(user, { setup, code: codeAt(0) })
  for (let tries = 0; tries < 5; tries++) t.is(await totp.verify(user.id, '000000'), 'wrong')
  t.is(await totp.verify(user.id, codeAt(1)), 'wait')
  clock.now += 15 * 60_000 + step
  t.is(await totp.verify(user.id, codeAt(0)), 'accepted')
})
