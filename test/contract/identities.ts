/** What every store of identities promises (`src/storage/identities.ts`). */
import type { ExecutionContext, TestFn } from 'ava'
import { newId } from '#lib/ids.ts'
import { AlreadyExists, LastSignInMethod } from '#storage/errors.ts'
import type { SeenIdentity } from '#storage/identities.ts'
import type { Storage } from '#storage/storage.ts'
import { inParallel } from './in-parallel.ts'

type Stores = Pick<Storage, 'identities' | 'users'>

export interface IdentityBackend {
  storage: Stores
  beside: Stores
  now(): number
  pass(ms: number): Promise<void>
}

type Open = (t: ExecutionContext) => Promise<IdentityBackend>

const seenOf = (overrides: Partial<SeenIdentity> = {}): SeenIdentity => ({
  provider: 'wechat',
  appId: 'wx1',
  subject: `oABC-${newId()}`,
  unionId: undefined,
  profile: { nickname: '雨面 👩‍👩‍👧', avatarUrl: 'https://thirdwx.example/头像' },
  ...overrides,
})

const newUser = () => ({ id: newId(), nickname: '雨面 👩‍👩‍👧' })

export function identitiesContract(test: TestFn, open: Open): void {
  claims(test, open)
  unions(test, open)
  links(test, open)
  unlinks(test, open)
}

function claims(test: TestFn, open: Open): void {
  test('identities: claim() makes the user at first sight and finds them again', async (t) => {
    const { storage, now, pass } = await open(t)
    const seen = seenOf()
    const user = newUser()
    t.deepEqual(await storage.identities.claim(seen, user), { userId: user.id, isNew: true })
    t.like(await storage.users.findById(user.id), { nickname: '雨面 👩‍👩‍👧' })
    const first = now()
    await pass(1000)
    const again = { ...seen, profile: { nickname: '新名字' } }
    t.deepEqual(await storage.identities.claim(again, newUser()), { userId: user.id, isNew: false })
    const [identity, ...others] = await storage.identities.listByUser(user.id)
    t.deepEqual(others, [])
    t.like(identity, { ...again, userId: user.id, createdAt: first, lastUsedAt: now() })
    t.deepEqual(await storage.identities.find(seen), identity)
  })

  test('identities: another subject, app or provider is someone else, letter by letter', async (t) => {
    const { storage } = await open(t)
    const seen = seenOf({ subject: 'oAbc' })
    const others = [
      { ...seen, subject: 'oabc' },
      { ...seen, subject: 'oAbc ' },
      { ...seen, appId: 'WX1' },
      { ...seen, provider: 'wecom' },
      { ...seen, provider: 'wechat\0wx1', appId: '' },
    ]
    await storage.identities.claim(seen, newUser())
    for (const other of others) t.is(await storage.identities.find(other), undefined)
    for (const other of others.slice(0, 4))
      t.true((await storage.identities.claim(other, newUser())).isNew)
  })

  test('identities: of 50 first sights at once one makes the user', async (t) => {
    const { storage, beside } = await open(t)
    const seen = seenOf({ unionId: newId() })
    const claimed = await inParallel([storage, beside], 50, ({ identities }) =>
      identities.claim(seen, newUser()),
    )
    t.is(claimed.filter(({ isNew }) => isNew).length, 1)
    t.is(new Set(claimed.map(({ userId }) => userId)).size, 1)
  })

  test('identities: a claim() whose user cannot be written leaves nothing', async (t) => {
    const { storage } = await open(t)
    const email = `${newId()}@example.com`
    await storage.users.create({ id: newId(), email })
    const seen = seenOf({ unionId: newId() })
    await t.throwsAsync(storage.identities.claim(seen, { ...newUser(), email }), {
      instanceOf: AlreadyExists,
      message: 'email is taken',
    })
    t.is(await storage.identities.find(seen), undefined)
    t.true((await storage.identities.claim(seen, newUser())).isNew)
  })
}

function unions(test: TestFn, open: Open): void {
  test('identities: two subjects of one union are one user, also when they first come at once', async (t) => {
    const { storage, beside } = await open(t)
    const unionId = newId()
    const [app, site] = [seenOf({ unionId }), seenOf({ unionId, appId: 'wx2' })]
    const claimed = await inParallel([storage, beside], 20, ({ identities }, index) =>
      identities.claim(index % 3 ? app : site, newUser()),
    )
    t.is(new Set(claimed.map(({ userId }) => userId)).size, 1)
    t.is((await storage.identities.listByUser(claimed[0]!.userId)).length, 2)
  })

  test('identities: a subject that later shows its union stays the same user', async (t) => {
    const { storage } = await open(t)
    const [plain, unionId] = [seenOf(), newId()]
    const { userId } = await storage.identities.claim(plain, newUser())
    t.is((await storage.identities.claim({ ...plain, unionId }, newUser())).userId, userId)
    const site = seenOf({ unionId, appId: 'wx2' })
    t.like(await storage.identities.find(site), { userId, subject: site.subject })
    t.is((await storage.identities.claim(site, newUser())).userId, userId)
    // The provider may leave the union out the next time.
    await storage.identities.claim(plain, newUser())
    const identities = await storage.identities.listByUser(userId)
    t.deepEqual(
      identities.map((one) => one.unionId),
      [unionId, unionId],
    )
  })

  test('identities: a union stays whose it was when another’s subject shows it', async (t) => {
    const { storage } = await open(t)
    const unionId = newId()
    const owner = await storage.identities.claim(seenOf({ unionId }), newUser())
    const other = seenOf({ appId: 'wx2' })
    const { userId } = await storage.identities.claim(other, newUser())
    t.is((await storage.identities.claim({ ...other, unionId }, newUser())).userId, userId)
    t.is((await storage.identities.find(seenOf({ unionId, appId: 'wx3' })))?.userId, owner.userId)
  })
}

function links(test: TestFn, open: Open): void {
  test('identities: link() gives it to the user, and never takes it from another', async (t) => {
    const { storage } = await open(t)
    const [one, other] = [newId(), newId()]
    for (const id of [one, other]) await storage.users.create({ id })
    const seen = seenOf({ provider: 'google', appId: 'g', unionId: newId() })
    const linked = await storage.identities.link(one, seen)
    t.like(linked, { ...seen, userId: one })
    t.is((await storage.identities.link(one, seen)).id, linked.id)
    for (const refused of [seen, { ...seen, subject: 'another of this union' }]) {
      await t.throwsAsync(storage.identities.link(other, refused), {
        instanceOf: AlreadyExists,
        message: 'identity is taken',
      })
    }
    t.deepEqual(await storage.identities.listByUser(other), [])
  })

  test('identities: of 50 who link one identity at once one has it', async (t) => {
    const { storage, beside } = await open(t)
    const ids = Array.from({ length: 50 }, () => newId())
    for (const id of ids) await storage.users.create({ id })
    const seen = seenOf()
    const results = await Promise.allSettled(
      ids.map((id, index) => (index % 2 ? storage : beside).identities.link(id, seen)),
    )
    t.is(results.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const result of results)
      if (result.status === 'rejected')
        t.like(result.reason, { name: 'AlreadyExists', field: 'identity' })
  })
}

function unlinks(test: TestFn, open: Open): void {
  test('identities: unlink() takes the user’s own and keeps the last way in', async (t) => {
    const { storage } = await open(t)
    const seen = seenOf({ unionId: newId() })
    const { userId } = await storage.identities.claim(seen, newUser())
    const [first] = await storage.identities.listByUser(userId)
    await t.throwsAsync(storage.identities.unlink(userId, first!.id), {
      instanceOf: LastSignInMethod,
    })
    const second = await storage.identities.link(userId, seenOf({ provider: 'google' }))
    t.false(await storage.identities.unlink(newId(), first!.id))
    t.true(await storage.identities.unlink(userId, first!.id))
    t.false(await storage.identities.unlink(userId, first!.id))
    t.is(await storage.identities.find(seen), undefined)
    await storage.users.setPasswordHash(userId, '$argon2id$v=19$m=8,t=1,p=1$YQ$YQ')
    t.true(await storage.identities.unlink(userId, second.id))
    t.deepEqual(await storage.identities.listByUser(userId), [])
  })

  test('identities: unlink() of the last one of a union lets the union go', async (t) => {
    const { storage } = await open(t)
    const unionId = newId()
    const [app, site] = [seenOf({ unionId }), seenOf({ unionId, appId: 'wx2' })]
    const { userId } = await storage.identities.claim(app, newUser())
    await storage.identities.claim(site, newUser())
    await storage.users.setPasswordHash(userId, '$argon2id$v=19$m=8,t=1,p=1$YQ$YQ')
    const [first, second] = await storage.identities.listByUser(userId)
    t.true(await storage.identities.unlink(userId, first!.id))
    t.is((await storage.identities.find(seenOf({ unionId, appId: 'wx3' })))?.userId, userId)
    t.true(await storage.identities.unlink(userId, second!.id))
    const later = await storage.identities.claim(seenOf({ unionId, appId: 'wx3' }), newUser())
    t.true(later.isNew)
    t.not(later.userId, userId)
  })

  test('identities: of all ways that are taken at once one stays', async (t) => {
    const { storage, beside } = await open(t)
    const { userId } = await storage.identities.claim(seenOf(), newUser())
    for (let count = 1; count < 8; count++) await storage.identities.link(userId, seenOf())
    const all = await storage.identities.listByUser(userId)
    await Promise.allSettled(
      all.map(({ id }, index) => (index % 2 ? storage : beside).identities.unlink(userId, id)),
    )
    t.is((await storage.identities.listByUser(userId)).length, 1)
  })

  test('identities: who is removed leaves no identity behind', async (t) => {
    const { storage } = await open(t)
    const seen = seenOf({ unionId: newId() })
    const { userId } = await storage.identities.claim(seen, newUser())
    await storage.users.remove(userId)
    t.is(await storage.identities.find(seen), undefined)
    t.true((await storage.identities.claim(seen, newUser())).isNew)
  })
}
