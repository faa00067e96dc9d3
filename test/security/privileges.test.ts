import test, { type ExecutionContext } from 'ava'
import { apiOf } from '../support/api.ts'
import type { Fixture, Person } from '../support/start.ts'
import { bodies } from '../api/bodies.ts'
import { readContract, type Operation } from '../api/document.ts'
import { post, withoutRedirect } from './journey.ts'
import { sharedServer } from './shared-server.ts'

/** Zitadel CVE-2026-27946: people wrote what was not theirs. better-auth CVE-2025-61928: an id stood in for a session. */

// The attacks have wrong passwords in them.
const server = sharedServer({ env: { LOGIN_MAX_FAILURES: '0' } })

/** What only the server or an administrator may say about someone, as a client might spell it. */
const privileged: Record<string, unknown> = {
  id: 'x',
  sub: 'x',
  role: 'admin',
  roles: ['admin'],
  permissions: { '*': ['admin:users'] },
  scopes: ['admin:users'],
  is_active: false,
  is_admin: true,
  is_premium: true,
  points: 9,
  email: 'somebody@else.example',
  email_verified: true,
  emailVerified: true,
  password: 'a new password',
  password_hash: 'none',
  passwordHash: 'none',
  banned_at: null,
  bannedAt: null,
  erase_at: null,
  eraseAt: null,
  login_count: 1000,
  created_at: '2000-01-01T00:00:00Z',
  createdAt: 0,
  metadata: { private: { is_premium: true } },
  'metadata.private': { is_premium: true },
  ['__proto__']: { roles: ['admin'] },
  constructor: { prototype: { roles: ['admin'] } },
}

/** All that is kept of a person but when it was changed. */
async function stateOf({ storage, server: { services } }: Fixture, { id }: Person) {
  const { updatedAt: _, ...user } = (await storage.users.findById(id))!
  return {
    user,
    hash: await storage.users.findPasswordHash(id),
    keys: (await storage.apiKeys.listByUser(id)).map(({ hash, scopes }) => ({ hash, scopes })),
    sessions: await services.signIns.sessions.list(id),
    grants: await services.signIns.sessions.listGrants(id),
  }
}

const operations = async (isWanted: (operation: Operation) => boolean): Promise<Operation[]> =>
  (await readContract(server().issuer)).operations.filter(isWanted)

const jsonOf = (body: object, field: string, value: unknown): string =>
  // By hand: an object cannot be given a member `__proto__` in another way.
  `${JSON.stringify(body).slice(0, -1)}${Object.keys(body).length > 0 ? ',' : ''}${JSON.stringify(field)}:${JSON.stringify(value)}}`

test('whatever people may change about themselves, they change nothing that is not theirs', async (t) => {
  const fixture = server()
  const own = await operations(
    ({ method, path }) => ['PUT', 'PATCH'].includes(method) && !path.startsWith('/admin/'),
  )
  t.true(own.length > 1)
  for (const { name, method, path } of own) {
    const person = await fixture.addUser()
    const { access_token: token } = await apiOf(fixture).login(person)
    for (const [field, value] of Object.entries(privileged)) {
      const before = await stateOf(fixture, person)
      for (const body of [{}, { nickname: 'Zoe' }]) {
        const { status } = await fetch(`${fixture.issuer}${path}?${field}=admin`, {
          method,
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body: jsonOf(body, field, value),
        })
        t.true([200, 400, 422].includes(status), `${name} ${field}`)
      }
      const { nickname: _, ...user } = (await stateOf(fixture, person)).user
      const { nickname: _before, ...userBefore } = before.user
      t.deepEqual(user, userBefore, `${name} ${field}`)
      t.is((await stateOf(fixture, person)).hash, before.hash)
    }
  }
})

test('anyone who registers gets no more than an account, whatever they send along', async (t) => {
  const fixture = server()
  for (const [field, value] of Object.entries(privileged)) {
    if (['email', 'password'].includes(field)) continue
    const body = bodies['POST /auth/register']!()
    await fetch(`${fixture.issuer}/auth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: jsonOf(body, field, value),
    })
    const user = await fixture.storage.users.findByIdentifier(String(body['email']))
    if (!user) continue
    t.like(user, { roles: [], emailVerified: false, bannedAt: undefined, loginCount: 0 }, field)
    t.deepEqual(user.metadata, { public: {}, private: {} }, field)
    t.not(user.id, 'x')
    t.true(user.createdAt > Date.now() - 60_000)
  }
})

test('a client that acts for itself opens no route about the account of anyone who calls', async (t) => {
  const fixture = server()
  const scope = 'account:read account:write'
  const client = await fixture.addClient({ ...withoutRedirect('client_credentials'), scope })
  const fields = { grant_type: 'client_credentials', resource: fixture.config.API_RESOURCE, scope }
  const { json } = await post(`${fixture.issuer}/oauth/token`, client, fields)
  t.is(json['scope'], scope)
  const own = await operations((one) => one.scope?.startsWith('account:') === true)
  t.true(own.length > 20)
  for (const { name, method, path } of own) {
    const call = { token: String(json['access_token']), body: bodies[name]?.() }
    const { status } = await apiOf(fixture).call(method, path.replace('{id}', 'x'), call)
    t.is(status, 403, name)
  }
})

interface Victim {
  person: Person
  /** What a path may name. */
  ids: string[]
}

async function victim(fixture: Fixture): Promise<Victim> {
  const person = await fixture.addUser()
  await apiOf(fixture).login(person)
  const { record } = await fixture.server.services.apiKeys.create(
    { userId: person.id, name: 'theirs', scopes: [] },
    { scopes: new Set() },
  )
  const sessions = await fixture.server.services.signIns.sessions.list(person.id)
  const grants = await fixture.server.services.signIns.sessions.listGrants(person.id)
  return {
    person,
    ids: [
      person.id,
      record.id,
      ...sessions.map(({ id }) => id),
      ...grants.map(({ clientId }) => clientId),
    ],
  }
}

/** The ways in which a request may name someone. */
const named = ({ id, email }: Person): Record<string, string> => ({
  id,
  user_id: id,
  userId: id,
  user: id,
  sub: id,
  subject: id,
  account_id: id,
  accountId: id,
  owner: id,
  email,
  username: email,
})

/** Calls the route with the victim named in body, query and path, in all combinations that its schema lets through. */
async function* attacks({ name, method, path, body }: Operation, { person, ids }: Victim) {
  const valid = body ? bodies[name]!() : undefined
  const query = new URLSearchParams(named(person)).toString()
  const written = [
    ...(valid
      ? [valid, { ...valid, ...named(person) }, { ...named(person), ...valid }]
      : [undefined]),
    ...(valid ? Object.entries(named(person)).map(([key, id]) => ({ ...valid, [key]: id })) : []),
  ]
  for (const id of path.includes('{') ? ids : ['']) {
    for (const one of written) {
      const url = `${path.replaceAll(/\{\w+\}/g, encodeURIComponent(id))}?${query}`
      yield { method, url, body: one }
    }
  }
}

async function attack(
  t: ExecutionContext,
  isWanted: (operation: Operation) => boolean,
  tokenOf: () => Promise<string | undefined>,
): Promise<Set<string>> {
  const fixture = server()
  const seen = new Set<string>()
  const target = await victim(fixture)
  const before = await stateOf(fixture, target.person)
  for (const operation of await operations(
    (one) => one.method !== 'GET' && one.isGuarded && isWanted(one),
  )) {
    const token = await tokenOf()
    for await (const { method, url, body } of attacks(operation, target)) {
      const { status } = await apiOf(fixture).call(method, url, { body, token })
      seen.add(String(status))
      t.true(status < 500, operation.name)
      if (token === undefined) t.is(status, 401, operation.name)
      if (token && operation.path.startsWith('/admin/')) t.is(status, 403, operation.name)
    }
    t.deepEqual(await stateOf(fixture, target.person), before, operation.name)
  }
  return seen
}

test('no route changes anything for anyone who only names someone and has no session', async (t) => {
  const seen = await attack(
    t,
    () => true,
    async () => undefined,
  )
  t.deepEqual([...seen], ['401'])
})

test('no route changes someone else for anyone who has a session of their own', async (t) => {
  const seen = await attack(
    t,
    ({ path }) => path !== '/auth/verify',
    async () => (await apiOf(server()).login(await server().addUser())).access_token,
  )
  t.true(seen.has('200') && seen.has('204'), [...seen].join(' '))
})
