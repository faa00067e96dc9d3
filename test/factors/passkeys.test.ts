import { randomBytes } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { createChallenges } from '#factors/challenges.ts'
import { createPasskeys } from '#factors/passkeys.ts'
import { newId, newSecret } from '#lib/ids.ts'
import { newSecurityKey, type Place } from '../support/security-key.ts'
import { openStorage } from '../support/storage.ts'

/** The ceremonies as a server sees them; `test/browser/passkeys.test.ts` has them in a browser. */

const origin = 'https://id.example.com'
const listed = 'https://app.id.example.com'
const purpose = 'sign-in:a'

async function open(t: ExecutionContext) {
  const { storage, clock } = await openStorage(t)
  const now = () => clock.now
  const challenges = createChallenges({ ...storage, secrets: ['a secret of the server'], now })
  const passkeys = createPasskeys({
    store: storage.factors,
    users: storage.users,
    challenges,
    issuer: `${origin}/sso`,
    origins: [listed],
    brand: '玉门',
  })
  const newUser = () => storage.users.create({ id: newId(), email: `${newSecret(6)}@example.com` })

  /** Someone who has added a passkey. */
  const enrolled = async (key = newSecurityKey()) => {
    const user = await newUser()
    const { challenge } = await passkeys.registrationOptions(user)
    const response = key.create(challenge, { origin })
    return { user, key, factor: await passkeys.register(user, { response, name: 'My key' }) }
  }
  const ask = async (userId?: string): Promise<string> =>
    (await passkeys.requestOptions(purpose, userId)).challenge
  return { passkeys, newUser, enrolled, ask, store: storage.factors }
}

const refused = { code: 'invalid_passkey' }

test('a passkey is added, and alone counts for two factors, from each page that may ask', async (t) => {
  const { passkeys, enrolled, ask } = await open(t)
  const { user, key, factor } = await enrolled()
  t.like(factor, { kind: 'passkey', name: 'My key', userId: user.id })
  for (const from of [origin, listed]) {
    const response = key.get(await ask(), { origin: from, rpId: 'id.example.com' })
    t.deepEqual(await passkeys.verify({ response, purpose }), {
      userId: user.id,
      epoch: 0,
      factorId: factor.id,
      amr: ['hwk', 'user', 'mfa'],
    })
  }
})

/** Each as a browser would say it there; the last one lies about its site. */
const strangers: Place[] = [
  { origin: 'https://id.example.com:8443' },
  { origin: 'http://id.example.com' },
  { origin: 'https://evil.id.example.com', rpId: 'id.example.com' },
  { origin: 'https://example.com' },
  { origin: 'https://evil.example' },
  { origin: 'https://evil.example', rpId: 'id.example.com' },
  { origin, rpId: 'evil.example' },
]

test('an answer from a page of another origin, or for another site, adds nothing and lets no one in', async (t) => {
  const { passkeys, enrolled, newUser, ask, store } = await open(t)
  const { key } = await enrolled()
  for (const place of strangers) {
    const response = key.get(await ask(), place)
    t.is(await passkeys.verify({ response, purpose }), undefined, JSON.stringify(place))

    const user = await newUser()
    const { challenge } = await passkeys.registrationOptions(user)
    const created = newSecurityKey().create(challenge, place)
    await t.throwsAsync(passkeys.register(user, { response: created, name: '' }), refused)
    t.deepEqual(await store.listByUser(user.id), [])
  }
})

test('as a second factor it must be the person’s own, and need not verify its user', async (t) => {
  const { passkeys, enrolled, ask } = await open(t)
  const [mine, theirs] = [await enrolled(), await enrolled()]
  const answer = async ({ key }: typeof mine, place: Partial<Place> = {}) =>
    key.get(await ask(mine.user.id), { origin, ...place })
  const verify = async (response: object) =>
    passkeys.verify({ response, purpose, userId: mine.user.id })
  t.is(await verify(await answer(theirs)), undefined)
  t.deepEqual((await verify(await answer(mine, { isVerified: false })))?.amr, ['hwk', 'user'])
  t.deepEqual((await verify(await answer(mine)))?.amr, ['hwk', 'user', 'mfa'])
})

test('alone it must have verified its user', async (t) => {
  const { passkeys, enrolled, ask } = await open(t)
  const { key, user } = await enrolled()
  const unverified = key.get(await ask(), { origin, isVerified: false })
  t.is(await passkeys.verify({ response: unverified, purpose }), undefined)
  const response = key.get(await ask(), { origin })
  t.is((await passkeys.verify({ response, purpose }))?.userId, user.id)
})

test('an answer is good once, for its purpose, and while the count of uses grows', async (t) => {
  const { passkeys, enrolled, ask } = await open(t)
  const { key, user } = await enrolled()
  const response = key.get(await ask(), { origin, counter: 7 })
  t.is(await passkeys.verify({ response, purpose: 'sign-in:b' }), undefined)
  t.is((await passkeys.verify({ response, purpose }))?.userId, user.id)
  t.is(await passkeys.verify({ response, purpose }), undefined)
  for (const counter of [7, 6, 0]) {
    const copied = key.get(await ask(), { origin, counter })
    t.is(await passkeys.verify({ response: copied, purpose }), undefined, String(counter))
  }
  const next = key.get(await ask(), { origin, counter: 8 })
  t.is((await passkeys.verify({ response: next, purpose }))?.userId, user.id)
})

test('of 20 answers with one count at once one is good', async (t) => {
  const { passkeys, enrolled, ask } = await open(t)
  const { key } = await enrolled()
  const answers = await Promise.all(
    Array.from({ length: 20 }, async () => key.get(await ask(), { origin, counter: 1 })),
  )
  const proofs = await Promise.all(
    answers.map((response) => passkeys.verify({ response, purpose })),
  )
  t.is(proofs.filter(Boolean).length, 1)
})

test('what another key has signed, or no one’s, is no answer', async (t) => {
  const { passkeys, enrolled, ask } = await open(t)
  const id = randomBytes(16)
  await enrolled(newSecurityKey(id))
  const forged = newSecurityKey(id).get(await ask(), { origin })
  t.is(await passkeys.verify({ response: forged, purpose }), undefined)
  const unknown = newSecurityKey().get(await ask(), { origin })
  t.is(await passkeys.verify({ response: unknown, purpose }), undefined)
})

test('a passkey is added once, by the person that was asked', async (t) => {
  const { passkeys, newUser, enrolled, store } = await open(t)
  const { key, user } = await enrolled()
  const [other, third] = [await newUser(), await newUser()]
  const { challenge } = await passkeys.registrationOptions(other)
  const taken = { response: key.create(challenge, { origin }), name: '' }
  await t.throwsAsync(passkeys.register(other, taken), { code: 'already_exists' })
  const again = await passkeys.registrationOptions(other)
  const swapped = { response: newSecurityKey().create(again.challenge, { origin }), name: '' }
  await t.throwsAsync(passkeys.register(third, swapped), refused)
  const { excludeCredentials } = await passkeys.registrationOptions(user)
  t.is(excludeCredentials?.length, 1)
  for (const { id } of [other, third]) t.deepEqual(await store.listByUser(id), [])
})
