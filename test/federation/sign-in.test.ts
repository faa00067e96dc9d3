import test, { type ExecutionContext } from 'ava'
import { createFederatedSignIn, mustAsk, storable } from '#federation/sign-in.ts'
import { newId } from '#lib/ids.ts'
import type { SeenIdentity } from '#storage/identities.ts'
import { openStorage } from '../support/storage.ts'

const seenOf = (profile: SeenIdentity['profile'], subject = newId()): SeenIdentity => ({
  provider: 'acme',
  appId: 'app',
  subject,
  profile,
})

async function open(t: ExecutionContext, registrationOpen = true) {
  const { storage } = await openStorage(t)
  const signIn = createFederatedSignIn({
    ...storage,
    registrationOpen,
    async takeOver(user) {
      const takeover = { email: user.email, password: true }
      const { epoch } = (await storage.signIns.end(user.id, { takeover }))!
      return { ...user, emailVerified: true, signInEpoch: epoch }
    },
  })
  return { storage, signIn }
}

test('two first sign-ins of one person at the same moment make one user', async (t) => {
  const { storage, signIn } = await open(t)
  const seen = seenOf({ email: 'li@example.com', emailVerified: true })
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, () => signIn(seen, { trustsEmail: true })),
  )
  const users = outcomes.map((one) => one.user.id)
  t.is(new Set(users).size, 1)
  t.is(outcomes.filter((one) => one.isNew).length, 1)
  t.is((await storage.users.list({ limit: 10 })).users.length, 1)
})

test('a verified e-mail links only when the provider is trusted', async (t) => {
  for (const [trustsEmail, upstream, local, links] of [
    [true, true, true, true],
    [false, true, true, false],
    [true, false, true, false],
    [true, undefined, true, false],
    [true, true, false, true],
    [false, true, false, false],
    [true, false, false, false],
  ] as const) {
    const { storage, signIn } = await open(t)
    const id = newId()
    await storage.users.create({ id, email: 'li@example.com', emailVerified: local })
    const seen = seenOf({ email: 'LI@example.com', emailVerified: upstream })
    const label = JSON.stringify([trustsEmail, upstream, local])
    t.is(await mustAsk(storage.identities, seen, { trustsEmail }), !links, label)
    const outcome = await signIn(seen, { trustsEmail })
    if (links) t.like(outcome, { isNew: false, isLinked: true, user: { id } }, label)
    else t.like(outcome, { isNew: true, user: { email: undefined } }, label)
    t.false(await mustAsk(storage.identities, seen, { trustsEmail }), label)
    t.is((await storage.identities.listByUser(id)).length, links ? 1 : 0, label)
    t.is((await storage.users.findById(id))?.emailVerified, links || local, label)
  }
})

test('an account of an unverified e-mail keeps nothing that was attached before a trusted provider proves its owner', async (t) => {
  const { storage, signIn } = await open(t)
  const id = newId()
  await storage.users.create({ id, email: 'li@example.com', passwordHash: 'of a stranger' })
  await storage.identities.link(id, seenOf({}, 'stranger'))
  const outcome = await signIn(seenOf({ email: 'li@example.com', emailVerified: true }, 'li'), {
    trustsEmail: true,
  })
  t.like(outcome, { isLinked: true, user: { id, emailVerified: true } })
  const left = await storage.identities.listByUser(id)
  t.deepEqual(
    left.map(({ subject }) => subject),
    ['li'],
  )
  t.is(await storage.users.findPasswordHash(id), undefined)
  const again = await signIn(seenOf({}, 'stranger'), { trustsEmail: true })
  t.true('user' in again && again.user.id !== id)
})

test('an e-mail that no one vouches for is not kept with a new account', async (t) => {
  const { signIn } = await open(t)
  const outcome = await signIn(seenOf({ email: 'li@example.com', emailVerified: false }), {
    trustsEmail: true,
  })
  t.like(outcome, { isNew: true, user: { email: undefined, emailVerified: false } })
})

test('a banned account gets no identity, and is not counted as signed in', async (t) => {
  const { storage, signIn } = await open(t)
  const id = newId()
  const banned = { id, email: 'li@example.com', emailVerified: true, bannedAt: 1 }
  await storage.users.create(banned)
  const seen = seenOf({ email: banned.email, emailVerified: true, nickname: 'New' })
  const refused = { code: 'account_disabled' }
  await t.throwsAsync(signIn(seen, { trustsEmail: true }), refused)
  t.deepEqual(await storage.identities.listByUser(id), [])
  await storage.identities.link(id, seen)
  await t.throwsAsync(signIn(seen, { trustsEmail: true }), refused)
  t.like(await storage.users.findById(id), { loginCount: 0, nickname: undefined })
})

test('where registration is closed a stranger is refused, and nothing is written', async (t) => {
  const { storage, signIn } = await open(t, false)
  await t.throwsAsync(signIn(seenOf({}), { trustsEmail: false }), { code: 'registration_closed' })
  t.is((await storage.users.list({ limit: 1 })).users.length, 0)
})

test('a profile is cut to what we keep', (t) => {
  t.deepEqual(
    storable({
      email: ' Li@example.com ',
      emailVerified: true,
      nickname: ` 雨面\0\n👩‍👩‍👧\ud800 ${'x'.repeat(100)}`,
      avatarUrl: 'http://thirdwx.qlogo.cn/a',
    }),
    {
      email: 'Li@example.com',
      emailVerified: true,
      nickname: `雨面👩‍👩‍👧\ufffd ${'x'.repeat(55)}`,
      avatarUrl: 'https://thirdwx.qlogo.cn/a',
    },
  )
  const nothing = { email: undefined, emailVerified: undefined, nickname: undefined }
  for (const avatarUrl of ['javascript:alert(1)', 'data:text/html,x', '/a', undefined])
    t.deepEqual(storable({ email: 'victim', emailVerified: true, nickname: ' ', avatarUrl }), {
      ...nothing,
      avatarUrl: undefined,
    })
})
