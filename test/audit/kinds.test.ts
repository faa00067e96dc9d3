import { readdirSync, readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { auditEvents } from '#lib/audit-events.ts'
import { newId, newSecret } from '#lib/ids.ts'
import * as oidc from 'openid-client'
import { administrator, type AdminFixture } from '../admin/administrator.ts'
import { offline, signedIn } from '../flow/journeys.ts'
import { apiOf, type CallOptions } from '../support/api.ts'
import { addApp } from '../support/authenticator.ts'
import { codeIn } from '../support/codes.ts'
import { openInbox, type Inbox } from '../support/inbox.ts'
import type { Person } from '../support/start.ts'

/** Someone who has signed in, and an administrator. */
interface Scene {
  fixture: AdminFixture
  inbox: Inbox
  person: Person
  adminId: string
  /** Calls the API as the person; rejects unless that worked. */
  call(method: string, path: string, body?: object): Promise<Record<string, unknown>>
}

/** What the audit log must say. */
interface Expected {
  actor?: string
  target: string
  details?: Record<string, unknown>
}

type Server = Pick<Scene, 'fixture' | 'inbox' | 'adminId'>

async function open(t: ExecutionContext): Promise<Server> {
  const inbox = await openInbox(t)
  const fixture = await administrator(t, { env: { SMTP_URL: inbox.url } })
  const { body: admin } = await fixture.admin('GET', '/users/me')
  return { fixture, inbox, adminId: admin.id }
}

async function sceneIn(server: Server): Promise<Scene> {
  const person = await server.fixture.addUser()
  const api = apiOf(server.fixture)
  const { access_token: token } = await api.login(person)
  return {
    ...server,
    person,
    call: async (method, path, body) => expectSuccess(api.call(method, path, given(token, body))),
  }
}

const given = (token: string, body: object | undefined): CallOptions => ({
  token,
  ...(body && { body }),
})

async function expectSuccess<Body>(answer: Promise<{ status: number; body: Body }>): Promise<Body> {
  const { status, body } = await answer
  if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`)
  return body
}

const ofPerson = ({ person: { id } }: Scene): Expected => ({ actor: id, target: `user:${id}` })

const makeKey = async ({ call }: Scene) =>
  call('POST', '/users/api-keys', { name: 'backup', scopes: ['account:read'] })

async function makeClient({ fixture, adminId }: Scene): Promise<Expected & { path: string }> {
  const { id } = await fixture.addClient()
  return { actor: adminId, target: `client:${id}`, path: `/admin/clients/${id}` }
}

async function makeRole({ fixture, adminId }: Scene): Promise<Expected & { path: string }> {
  const name = newSecret(6).toLowerCase()
  await expectSuccess(fixture.admin('POST', '/admin/roles', { name }))
  return { actor: adminId, target: `role:${name}`, path: `/admin/roles/${name}` }
}

async function answerSecondFactor(scene: Scene, isRight: boolean): Promise<Expected> {
  const app = await addApp(scene.fixture, scene.person.id)
  const { call } = apiOf(scene.fixture)
  const { mfa_token } = (await call('POST', '/auth/login', { body: scene.person })).body
  const code = isRight ? app.next() : app.wrong()
  await call('POST', '/auth/mfa', { body: { mfa_token, method: 'totp', code } })
  return { ...ofPerson(scene), details: { method: 'totp' } }
}

/** Asks for another address; resolves to it and to the code that it gets. */
async function askForEmail({ call, inbox, person }: Scene) {
  const email = `new.${person.email}`
  await call('POST', '/users/me/email', { email, password: person.password })
  return { email, code: codeIn(await inbox.waitFor(/^Your code is/)) }
}

/** By kind: who does it, and what the audit log must then say. */
const occasions: Record<string, (scene: Scene) => Promise<Expected>> = {
  async 'email.disowned'(scene) {
    const { call } = apiOf(scene.fixture)
    const { email, id } = scene.person
    await expectSuccess(call('POST', '/auth/request-verify', { body: { email } }))
    const { text } = await scene.inbox.waitFor(/^Your code is/)
    const token = /token=([\w-]+)/.exec(text)![1]
    await expectSuccess(call('POST', '/auth/disown-email', { body: { token } }))
    return { target: `user:${id}` }
  },
  async 'api_key.created'(scene) {
    const { id } = await makeKey(scene)
    const details = { scopes: ['account:read'] }
    return { actor: scene.person.id, target: `api_key:${String(id)}`, details }
  },
  async 'api_key.revoked'(scene) {
    const { id } = await makeKey(scene)
    await scene.call('DELETE', `/users/api-keys/${String(id)}`)
    return { actor: scene.person.id, target: `api_key:${String(id)}` }
  },
  async 'client.deleted'(scene) {
    const { path, ...expected } = await makeClient(scene)
    await expectSuccess(scene.fixture.admin('DELETE', path))
    return expected
  },
  async 'client.secret_added'(scene) {
    const { path, ...expected } = await makeClient(scene)
    await expectSuccess(scene.fixture.admin('POST', `${path}/rotate-secret`))
    return expected
  },
  async 'client.secret_dropped'(scene) {
    const { path, ...expected } = await makeClient(scene)
    await expectSuccess(scene.fixture.admin('POST', `${path}/rotate-secret`))
    await expectSuccess(scene.fixture.admin('DELETE', `${path}/secrets/old`))
    return expected
  },
  async 'device.all_forgotten'(scene) {
    await scene.call('DELETE', '/users/me/remembered-devices')
    return ofPerson(scene)
  },
  async 'device.new'(scene) {
    const headers = { 'user-agent': 'a program that nobody has seen' }
    const { email, password } = scene.person
    await apiOf(scene.fixture).call('POST', '/auth/login', { body: { email, password }, headers })
    return ofPerson(scene)
  },
  async 'email.change_requested'(scene) {
    await askForEmail(scene)
    return ofPerson(scene)
  },
  async 'email.changed'(scene) {
    const { email, code } = await askForEmail(scene)
    await scene.call('POST', '/users/me/email/confirm', { code })
    const details = { before: scene.person.email, after: email }
    return { ...ofPerson(scene), details }
  },
  async 'email.verified'(scene) {
    const { email } = scene.person
    await scene.call('POST', '/auth/request-verify', { email })
    const code = codeIn(await scene.inbox.waitFor(/^Your code is/))
    await scene.call('POST', '/auth/verify-email', { email, code })
    return ofPerson(scene)
  },
  async 'grant.removed'(scene) {
    const { client, person } = await signedIn(scene.fixture)
    const api = apiOf(scene.fixture)
    const { access_token: token } = await api.login(person)
    await expectSuccess(api.call('DELETE', `/users/me/grants/${client.id}`, { token }))
    return { actor: person.id, target: `client:${client.id}` }
  },
  async 'grant.revoked'({ fixture }) {
    const { party, person, tokens } = await signedIn(fixture, { request: offline })
    const [kept] = await fixture.storage.artifacts.listByAccount('RefreshToken', person.id)
    await oidc.tokenRevocation(party.config, tokens.refresh_token!)
    return { target: `grant:${kept!.grantId}` }
  },
  async 'mail.retried'({ fixture, adminId }) {
    const id = newId()
    const { mailQueue } = fixture.storage
    await mailQueue.add({ id, to: 'li@example.com', subject: 'x', sealedBody: 'x' })
    await mailQueue.failed(id, 'no such mailbox', undefined)
    await expectSuccess(fixture.admin('POST', `/admin/mail/${id}/retry`))
    return { actor: adminId, target: `mail:${id}` }
  },
  async 'password.changed'(scene) {
    const passwords = { current_password: scene.person.password, new_password: 'a long new phrase' }
    await scene.call('POST', '/users/me/password', passwords)
    return ofPerson(scene)
  },
  async 'password.reset'(scene) {
    await scene.call('POST', '/auth/forgot-password', { email: scene.person.email })
    const { text } = await scene.inbox.waitFor(/^Choose a new/)
    const token = /token=([\w-]+)/.exec(text)?.[1]
    const { call } = apiOf(scene.fixture)
    const body = { token, password: 'a long new phrase' }
    await expectSuccess(call('POST', '/auth/reset-password', { body }))
    return ofPerson(scene)
  },
  async 'role.created'(scene) {
    const { path: _path, ...expected } = await makeRole(scene)
    return expected
  },
  async 'role.deleted'(scene) {
    const { path, ...expected } = await makeRole(scene)
    await expectSuccess(scene.fixture.admin('DELETE', path))
    return expected
  },
  'second_factor.failed': (scene) => answerSecondFactor(scene, false),
  'second_factor.succeeded': (scene) => answerSecondFactor(scene, true),
  async 'session.all_ended'(scene) {
    await scene.call('DELETE', '/users/me/sessions')
    return ofPerson(scene)
  },
  async 'session.others_ended'(scene) {
    await scene.call('DELETE', '/users/me/sessions?except=current')
    return ofPerson(scene)
  },
  async 'user.erase_requested'(scene) {
    await scene.call('DELETE', '/users/me')
    return ofPerson(scene)
  },
}

test('what is done to accounts, clients and roles is written with who did it, to what and from where', async (t) => {
  const server = await open(t)
  for (const [type, occasion] of Object.entries(occasions)) {
    server.inbox.received.length = 0
    const expected = await occasion(await sceneIn(server))
    await server.fixture.server.services.telemetry.audit.flush()
    const { events } = await server.fixture.storage.audit.list({ type, limit: 100 })
    const found = events.filter(({ target }) => target === expected.target)
    t.is(found.length, 1, type)
    t.like(found[0], { ...expected, address: '127.0.0.1' }, type)
    t.regex(found[0]!.traceId!, /^[0-9a-f]{32}$/, type)
  }
})

const textOf = (folder: string): string =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('mutants/'))
    .map((file) => readFileSync(`${folder}/${file}`, 'utf8'))
    .join('\n')

test('every kind of event is looked for, here or in another test', (t) => {
  const tests = textOf('test')
  t.deepEqual(
    Object.keys(auditEvents).filter((kind) => !tests.includes(`'${kind}'`)),
    [],
  )
})

test('the documents list every kind of event with its meaning', (t) => {
  const rows = readFileSync('docs/operate.md', 'utf8').matchAll(
    /^\| `([a-z_.]+)` +\| (\S.*?) +\|$/gm,
  )
  const listed = new Map([...rows].map(([, kind = '', meaning = '']) => [kind, meaning]))
  const kinds = Object.entries(auditEvents)
  t.deepEqual(
    kinds.filter(([kind, meaning]) => listed.get(kind) !== meaning),
    [],
  )
})
