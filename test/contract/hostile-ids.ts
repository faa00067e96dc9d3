/** What every storage promises of ids that strangers write: any text is an id that is not there. */
import type { ExecutionContext, TestFn } from 'ava'
import { newId } from '#lib/ids.ts'
import type { Storage } from '#storage/storage.ts'

type Open = (t: ExecutionContext) => Promise<{ storage: Storage }>

/** The id of every record of the test. */
const present = 'present'

const hostile = [
  '',
  'é',
  '客户🙂',
  'a\0b',
  `${present}\0`,
  `${present} `,
  ` ${present}`,
  present.toUpperCase(),
  'ｐresent',
  'half \ud800',
  'x'.repeat(10_000),
  "' OR 1=1; -- ",
  '%',
]

const limit = 10
const nothing = undefined
const profile = {}
const identity = (text: string) => ({ provider: text, appId: text, subject: text, unionId: text })

/** Each call with text from outside, and what it resolves to when there is no such record. */
const calls: Record<string, [call: (storage: Storage, id: string) => Promise<unknown>, unknown]> = {
  'users.findById': [({ users }, id) => users.findById(id), nothing],
  'users.findByIdentifier': [({ users }, id) => users.findByIdentifier(id), nothing],
  'users.update': [({ users }, id) => users.update(id, { nickname: 'a' }), nothing],
  'users.remove': [({ users }, id) => users.remove(id), false],
  'users.findPasswordHash': [({ users }, id) => users.findPasswordHash(id), nothing],
  'users.replacePasswordHash': [({ users }, id) => users.replacePasswordHash(id, 'h', 'i'), false],
  'users.setPasswordHash': [({ users }, id) => users.setPasswordHash(id, nothing), nothing],
  'users.recordLogin': [({ users }, id) => users.recordLogin(id), nothing],
  'users.findSignInEpoch': [({ users }, id) => users.findSignInEpoch(id), nothing],
  'signIns.end': [({ signIns }, id) => signIns.end(id, {}), nothing],
  'users.anyWithRole': [({ users }, id) => users.anyWithRole(id), false],
  'identities.find': [({ identities }, id) => identities.find(identity(id)), nothing],
  'identities.listByUser': [({ identities }, id) => identities.listByUser(id), []],
  'identities.refresh': [
    ({ identities }, id) => identities.refresh(id, { ...identity(id), profile }),
    false,
  ],
  'identities.unlink': [
    async ({ identities }, id) =>
      (await identities.unlink(id, present)) || identities.unlink(present, id),
    false,
  ],
  'providers.find': [({ providers }, id) => providers.find(id), nothing],
  'providers.remove': [({ providers }, id) => providers.remove(id), false],
  'factors.findByKey': [({ factors }, id) => factors.findByKey(id), nothing],
  'factors.listByUser': [({ factors }, id) => factors.listByUser(id), []],
  'factors.anyOfUser': [({ factors }, id) => factors.anyOfUser(id), false],
  'factors.advance': [({ factors }, id) => factors.advance(id, 1), false],
  'factors.rename': [
    async ({ factors }, id) =>
      (await factors.rename(id, present, 'a')) || factors.rename(present, id, 'a'),
    false,
  ],
  'factors.remove': [
    async ({ factors }, id) => (await factors.remove(id, present)) ?? factors.remove(present, id),
    nothing,
  ],
  'factors.useRecoveryCode': [
    async ({ factors }, id) =>
      (await factors.useRecoveryCode(id, present)) || factors.useRecoveryCode(present, id),
    false,
  ],
  'factors.countRecoveryCodes': [({ factors }, id) => factors.countRecoveryCodes(id), 0],
  'clients.find': [({ clients }, id) => clients.find(id), nothing],
  'clients.remove': [({ clients }, id) => clients.remove(id), false],
  'resources.find': [({ resources }, id) => resources.find(id), nothing],
  'resources.remove': [({ resources }, id) => resources.remove(id), false],
  'roles.find': [({ roles }, id) => roles.find(id), nothing],
  'roles.remove': [({ roles }, id) => roles.remove(id), false],
  'apiKeys.find': [({ apiKeys }, id) => apiKeys.find(id), nothing],
  'apiKeys.listByUser': [({ apiKeys }, id) => apiKeys.listByUser(id), []],
  'apiKeys.recordUse': [({ apiKeys }, id) => apiKeys.recordUse(id, 0), nothing],
  'apiKeys.remove': [
    async ({ apiKeys }, id) => (await apiKeys.remove(id)) || apiKeys.remove(present, id),
    false,
  ],
  'audit.list': [
    async ({ audit }, id) => [
      (await audit.list({ actor: id, limit })).events,
      (await audit.list({ target: id, limit })).events,
      id === '' ? [] : (await audit.list({ type: id, limit })).events,
    ],
    [[], [], []],
  ],
  'mailQueue.retry': [({ mailQueue }, id) => mailQueue.retry(id), false],
  'artifacts.listByAccount': [({ artifacts }, id) => artifacts.listByAccount('Grant', id), []],
  'artifacts.removeByAccount': [({ artifacts }, id) => artifacts.removeByAccount(id), nothing],
  'artifacts.removeByClient': [({ artifacts }, id) => artifacts.removeByClient(id), nothing],
  'limits.hit': [async ({ limits }, id) => (await limits.hit(`try ${id}`, 1000)).count, 1],
  'limits.peek': [async ({ limits }, id) => (await limits.peek(id)).count, 0],
  'limits.release': [({ limits }, id) => limits.release(id), nothing],
  'limits.reset': [({ limits }, id) => limits.reset(id), nothing],
}

/** What takes no id, or only ids and hashes of our own making. */
const others: Record<string, string> = {
  users: 'create createMany list findDueForErase',
  identities: 'claim link',
  providers: 'put list',
  factors: 'add replace replaceRecoveryCodes',
  clients: 'put putIfAbsent list',
  resources: 'put list',
  signingKeys: 'list replaceAll',
  roles: 'list put',
  apiKeys: 'create list',
  audit: 'add removeBefore',
  mailQueue: 'add claim done failed list removeBefore',
  limits: 'removeExpired',
  sealed: 'count listOthers replace',
  statistics: 'add backlog list forgetActive totals',
  artifacts:
    'put putIfAbsent write find findSessionByUid findDeviceCodeByUserCode consume remove endSession removeByGrant countLive removeExpired',
}

export function hostileIdsContract(test: TestFn, open: Open): void {
  test('every method of every store is either called with hostile ids, or known to take none', async (t) => {
    const { storage } = await open(t)
    const methods = Object.entries(storage).flatMap(([store, value]) =>
      typeof value === 'object' ? Object.keys(value).map((method) => `${store}.${method}`) : [],
    )
    const known = Object.entries(others).flatMap(([store, names]) =>
      names.split(' ').map((name) => `${store}.${name}`),
    )
    t.deepEqual(methods.toSorted(), [...Object.keys(calls), ...known].toSorted())
  })

  test('an id of any text is one that is not there, and leaves what is there alone', async (t) => {
    const { storage } = await open(t)
    await fill(storage)
    for (const id of hostile) {
      for (const [name, [call, expected]] of Object.entries(calls)) {
        const answer = await call(storage, id).catch((error: unknown) => String(error))
        t.deepEqual(answer, expected, `${name}(${JSON.stringify(id.slice(0, 20))})`)
      }
      for (const list of [storage.users.list, storage.clients.list])
        await t.notThrowsAsync(list({ q: id, limit }), JSON.stringify(id.slice(0, 20)))
    }
    t.deepEqual(await presence(storage), Array(8).fill(true))
  })
}

async function fill(storage: Storage): Promise<void> {
  const { users, providers, factors, clients, resources, roles, apiKeys, mailQueue } = storage
  const id = present
  await users.create({ id, passwordHash: 'h' })
  await storage.identities.link(id, { ...identity(id), profile })
  await providers.put({ id, recipe: {}, sealedSecret: '' })
  await factors.add({ id, userId: id, kind: 'totp', key: id, name: '', data: '', counter: 0 })
  await clients.put({ id, metadata: {}, secretHashes: [] })
  await resources.put({ identifier: id, name: { en: id }, scopes: [] })
  await roles.put({ name: id, description: '', permissions: {} })
  const times = { createdAt: 0, expiresAt: undefined, lastUsedAt: undefined }
  await apiKeys.create({ id, userId: id, name: '', hash: 'h', scopes: [], ...times })
  await mailQueue.add({ id: newId(), to: 'a@example.com', subject: '', sealedBody: '' })
  await storage.artifacts.put('Grant', id, { payload: '{}', accountId: id, clientId: id })
}

async function presence(storage: Storage): Promise<boolean[]> {
  const found = await Promise.all([
    storage.users.findPasswordHash(present),
    storage.providers.find(present),
    storage.factors.findByKey(present),
    storage.clients.find(present),
    storage.resources.find(present),
    storage.roles.find(present),
    storage.apiKeys.find(present),
    storage.artifacts.find('Grant', present),
  ])
  return found.map((one) => one !== undefined)
}
