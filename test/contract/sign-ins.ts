/** What every storage promises of the end of sign-ins (`src/storage/sign-ins.ts`), with Redis and without. */
import type { ExecutionContext, TestFn } from 'ava'
import { newId } from '#lib/ids.ts'
import { SignInsEnded } from '#storage/errors.ts'
import type { Storage } from '#storage/storage.ts'

export interface SignInsBackend {
  storage: Storage
  /** The same through other connections, as a second process has it. */
  beside: Storage
  now(): number
}

export type OpenSignIns = (t: ExecutionContext) => Promise<SignInsBackend>

export function signInsContract(test: TestFn, open: OpenSignIns): void {
  epochs(test, open)
  endsOfAll(test, open)
  takeovers(test, open)
}

async function person(storage: Storage, given: object = {}): Promise<string> {
  const id = newId()
  await storage.users.create({ id, email: `${id}@example.com`, passwordHash: 'old', ...given })
  return id
}

/** Records as a sign-in of the epoch leaves them, under the user's id and `name`. */
async function signIn(
  { storage, now }: SignInsBackend,
  accountId: string,
  { name, epoch }: { name: string; epoch: number },
): Promise<void> {
  const key = `${accountId}-${name}`
  const record = { payload: '{}', accountId, expiresAt: now() + 60_000 }
  await storage.artifacts.write([
    { verb: 'add', model: 'Session', key, artifact: { ...record, uid: key, epoch } },
    { verb: 'add', model: 'Grant', key, artifact: { ...record, grantId: key, epoch } },
    { verb: 'add', model: 'RefreshToken', key, artifact: { ...record, grantId: key } },
  ])
}

const isSignedIn = async (storage: Storage, accountId: string, name: string) => {
  const key = `${accountId}-${name}`
  const there = await Promise.all([
    storage.artifacts.find('Session', key),
    storage.artifacts.findSessionByUid(key),
    storage.artifacts.find('Grant', key),
  ])
  return there.map(Boolean)
}

const all = [true, true, true]
const none = [false, false, false]

function epochs(test: TestFn, open: OpenSignIns): void {
  test('sign-ins: a record is found in the epoch of its account, and in no other', async (t) => {
    const backend = await open(t)
    const { storage } = backend
    const id = await person(storage)
    await signIn(backend, id, { name: 'now', epoch: 0 })
    await signIn(backend, id, { name: 'early', epoch: -1 })
    t.deepEqual(await isSignedIn(storage, id, 'now'), all)
    t.deepEqual(await isSignedIn(storage, id, 'early'), none)
    for (const model of ['Session', 'Grant'] as const)
      t.is((await storage.artifacts.listByAccount(model, id)).length, 1, model)
    t.like(await storage.users.findById(id), { signInEpoch: 0 })
    t.is(await storage.users.findSignInEpoch(id), 0)
    t.is(await storage.users.findSignInEpoch(newId()), undefined)
  })

  test('sign-ins: a session that is written again, or under another key, stays in its epoch', async (t) => {
    const backend = await open(t)
    const { artifacts } = backend.storage
    const id = await person(backend.storage)
    const [key, to] = [`${id}-a`, `${id}-b`]
    await signIn(backend, id, { name: 'a', epoch: 0 })
    const artifact = { payload: '2', accountId: id, uid: key, expiresAt: backend.now() + 60_000 }
    await artifacts.write([{ verb: 'replace', model: 'Session', key, artifact }])
    t.like(await artifacts.find('Session', key), { payload: '2', epoch: 0 })
    await artifacts.write([{ verb: 'replace', model: 'Session', key, to, artifact }])
    t.like(await artifacts.find('Session', to), { payload: '2', epoch: 0 })
  })

  test('sign-ins: what is attached in another epoch than the account’s is refused whole', async (t) => {
    const { storage } = await open(t)
    const userId = await person(storage)
    const { epoch } = (await storage.signIns.end(userId))!
    const key = { id: newId(), userId, name: 'k', hash: 'h', scopes: [], createdAt: 1 }
    const factor = {
      id: newId(),
      userId,
      kind: 'totp',
      key: 'f',
      name: '',
      data: '',
      counter: 0,
    } as const
    const seen = { provider: 'acme', appId: 'app', subject: userId, profile: {} }
    const attach = (at: number) => [
      () => storage.apiKeys.create(key, at),
      () => storage.factors.add(factor, at),
      () => storage.factors.replace({ ...factor, key: 'g', id: newId() }, at),
      () => storage.factors.replaceRecoveryCodes(userId, ['a'], at),
      () => storage.identities.link(userId, seen, at),
    ]
    for (const act of attach(epoch - 1)) await t.throwsAsync(act, { instanceOf: SignInsEnded })
    t.deepEqual(await attached(storage, userId), [0, 0, 0, 0])
    for (const act of attach(epoch)) await t.notThrowsAsync(act)
    t.deepEqual(await attached(storage, userId), [1, 2, 1, 1])
  })

  test('sign-ins: refresh() brings an identity up to date, and gives no one one', async (t) => {
    const { storage } = await open(t)
    const [id, other] = [await person(storage), await person(storage)]
    const seen = { provider: 'acme', appId: 'app', subject: id, profile: {} }
    t.false(await storage.identities.refresh(id, seen))
    t.deepEqual(await storage.identities.listByUser(id), [])
    await storage.identities.link(id, seen)
    t.true(await storage.identities.refresh(id, { ...seen, profile: { nickname: 'Li' } }))
    t.false(await storage.identities.refresh(other, seen))
    t.like(await storage.identities.find(seen), { userId: id, profile: { nickname: 'Li' } })
  })
}

const attached = async (storage: Storage, userId: string): Promise<number[]> => [
  (await storage.apiKeys.listByUser(userId)).length,
  (await storage.factors.listByUser(userId)).length,
  await storage.factors.countRecoveryCodes(userId),
  (await storage.identities.listByUser(userId)).length,
]

function endsOfAll(test: TestFn, open: OpenSignIns): void {
  test('sign-ins: end() raises the epoch and leaves nothing of before, nor what comes late', async (t) => {
    const backend = await open(t)
    const { storage } = backend
    const [id, other] = [await person(storage), await person(storage)]
    await signIn(backend, id, { name: 'a', epoch: 0 })
    await signIn(backend, other, { name: 'a', epoch: 0 })
    t.deepEqual(await storage.signIns.end(id), { epoch: 1, takenAway: undefined })
    t.deepEqual(await isSignedIn(storage, id, 'a'), none)
    await signIn(backend, id, { name: 'late', epoch: 0 })
    t.deepEqual(await isSignedIn(storage, id, 'late'), none)
    await signIn(backend, id, { name: 'after', epoch: 1 })
    t.deepEqual(await isSignedIn(storage, id, 'after'), all)
    t.deepEqual(await isSignedIn(storage, other, 'a'), all)
    t.is(await storage.signIns.end(newId()), undefined)
  })

  test('sign-ins: end() keeps the sign-in and the grants that it is told to, and API keys unless it is told', async (t) => {
    const backend = await open(t)
    const { storage } = backend
    const id = await person(storage)
    for (const name of ['here', 'there', 'app']) await signIn(backend, id, { name, epoch: 0 })
    await storage.apiKeys.create({
      id: newId(),
      userId: id,
      name: 'k',
      hash: 'h',
      scopes: [],
      createdAt: 1,
    })
    const expiresAt = backend.now() + 60_000
    await storage.artifacts.put('RememberedDevice', id, { payload: '{}', accountId: id, expiresAt })
    const keep = { sessionUid: `${id}-here`, grantIds: [`${id}-here`, `${id}-app`] }
    await storage.signIns.end(id, { keep })
    t.deepEqual(await isSignedIn(storage, id, 'here'), all)
    t.deepEqual(await isSignedIn(storage, id, 'there'), none)
    t.deepEqual(await isSignedIn(storage, id, 'app'), [false, false, true])
    t.truthy(await storage.artifacts.find('RefreshToken', `${id}-app`))
    t.is((await storage.apiKeys.listByUser(id)).length, 1)
    t.truthy(await storage.artifacts.find('RememberedDevice', id))
    await storage.signIns.end(id, { keep: { grantIds: [] }, apiKeys: true })
    t.deepEqual(await isSignedIn(storage, id, 'here'), none)
    t.is((await storage.apiKeys.listByUser(id)).length, 0)
  })

  test('sign-ins: of fifty parallel end() with one link exactly one sets its password', async (t) => {
    const { storage, beside, now } = await open(t)
    const id = await person(storage)
    const link = { payload: '{}', accountId: id, expiresAt: now() + 60_000 }
    await storage.artifacts.put('PasswordReset', 'link', link)
    const spend = { model: 'PasswordReset', key: 'link' } as const
    const ended = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        [storage, beside][index % 2]!.signIns.end(id, { spend, passwordHash: `new ${index}` }),
      ),
    )
    const winner = ended.findIndex(Boolean)
    t.is(ended.filter(Boolean).length, 1)
    t.is(await storage.users.findPasswordHash(id), `new ${winner}`)
    t.is(await storage.users.findSignInEpoch(id), 1)
  })

  test('sign-ins: of fifty parallel end() that replace one password exactly one does, and only that ends sign-ins', async (t) => {
    const backend = await open(t)
    const { storage, beside } = backend
    const id = await person(storage)
    const keep = { grantIds: [] }
    const ended = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        [storage, beside][index % 2]!.signIns.end(id, {
          keep,
          formerHash: 'old',
          passwordHash: `new ${index}`,
        }),
      ),
    )
    t.is(ended.filter(Boolean).length, 1)
    t.is(await storage.users.findPasswordHash(id), `new ${ended.findIndex(Boolean)}`)
    t.is(await storage.users.findSignInEpoch(id), 1)

    await signIn(backend, id, { name: 'a', epoch: 1 })
    const late = { keep, formerHash: 'old', passwordHash: 'newest' }
    t.is(await storage.signIns.end(id, late), undefined)
    t.deepEqual(await isSignedIn(storage, id, 'a'), all)
    t.is(await storage.users.findSignInEpoch(id), 1)
  })

  test('sign-ins: end() with the link of another account, one that is too old, or none, does nothing', async (t) => {
    const backend = await open(t)
    const { storage, now } = backend
    const [id, other] = [await person(storage), await person(storage)]
    await signIn(backend, id, { name: 'a', epoch: 0 })
    const link = { payload: '{}', accountId: other, expiresAt: now() + 60_000 }
    await storage.artifacts.put('PasswordReset', 'theirs', link)
    const late = { ...link, accountId: id, expiresAt: now() - 1 }
    await storage.artifacts.put('PasswordReset', 'late', late)
    for (const key of ['theirs', 'late', 'unknown']) {
      const spend = { model: 'PasswordReset', key } as const
      t.is(await storage.signIns.end(id, { spend, passwordHash: 'new' }), undefined)
    }
    t.deepEqual(await isSignedIn(storage, id, 'a'), all)
    t.is(await storage.users.findPasswordHash(id), 'old')
    t.is(await storage.users.findSignInEpoch(id), 0)
  })
}

function takeovers(test: TestFn, open: OpenSignIns): void {
  const attachAll = async (storage: Storage, userId: string): Promise<void> => {
    await storage.apiKeys.create({
      id: newId(),
      userId,
      name: 'k',
      hash: 'h',
      scopes: [],
      createdAt: 1,
    })
    await storage.factors.add({
      id: newId(),
      userId,
      kind: 'totp',
      key: userId,
      name: '',
      data: '',
      counter: 0,
    })
    await storage.factors.replaceRecoveryCodes(userId, ['a'])
    const seen = { provider: 'acme', appId: 'app', subject: userId, unionId: userId, profile: {} }
    await storage.identities.link(userId, seen)
  }

  test('sign-ins: a takeover removes what was attached under an unconfirmed address, and confirms it', async (t) => {
    const { storage } = await open(t)
    const id = await person(storage)
    await attachAll(storage, id)
    const takeover = { email: `${id}@EXAMPLE.com`, password: true }
    const ended = await storage.signIns.end(id, { takeover })
    const removed = { apiKeys: 1, identities: ['acme'], factors: 1, password: true }
    t.deepEqual(ended, { epoch: 1, takenAway: removed })
    t.deepEqual(await attached(storage, id), [0, 0, 0, 0])
    t.is(await storage.users.findPasswordHash(id), undefined)
    t.like(await storage.users.findById(id), { emailVerified: true })
    const union = { provider: 'acme', appId: 'other', subject: id, unionId: id, profile: {} }
    t.is(await storage.identities.find(union), undefined)
    t.like(await storage.identities.claim(union, { id: newId() }), { isNew: true })
    t.is((await storage.signIns.end(id, { takeover }))?.takenAway, undefined)
  })

  test('sign-ins: nothing is taken from an account whose address is confirmed, is another, or is none', async (t) => {
    const { storage } = await open(t)
    for (const [given, email] of [
      [{ emailVerified: true }, undefined],
      [{}, 'another@example.com'],
      [{ email: undefined }, undefined],
    ] as const) {
      const id = await person(storage, given)
      await attachAll(storage, id)
      const ended = await storage.signIns.end(id, { takeover: { email } })
      t.deepEqual(ended, { epoch: 1, takenAway: undefined })
      t.deepEqual(await attached(storage, id), [1, 1, 1, 1])
    }
  })

  test('sign-ins: a disowned address comes off the account', async (t) => {
    const { storage } = await open(t)
    const id = await person(storage, { username: 'li' })
    await storage.signIns.end(id, { disown: true })
    t.like(await storage.users.findById(id), { email: undefined, emailVerified: false })
    t.is(await storage.users.findByIdentifier(`${id}@example.com`), undefined)
  })
}
