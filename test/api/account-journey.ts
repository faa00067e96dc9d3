import { apiOf } from '../support/api.ts'
import type { Inbox } from '../support/inbox.ts'
import type { Issuer } from '../support/issuer.ts'
import { codeIn } from '../support/codes.ts'
import { authorize, createBrowser, relyingParty } from '../support/relying-party.ts'
import type { Fixture } from '../support/start.ts'
import type { Journey } from './journey.ts'

export interface Stage {
  journey: Journey
  fixture: Fixture
}

/** Everything under `/auth` and `/users`, as one person's life with us. */
export async function accountJourney(
  stage: Stage & { inbox: Inbox; foreign: Issuer },
): Promise<void> {
  const person = { email: 'li.hua@example.com', password: 'correct horse battery' }
  const replacement = 'correct donkey battery'
  await join(stage, person)
  await recover(stage, person, replacement)
  const renewed = { ...person, password: replacement }
  await profile(stage, renewed)
  renewed.email = await changeEmail(stage, renewed)
  await keys(stage, renewed)
  await signIns(stage, renewed)
  await identities(stage, renewed)
}

async function identities(
  { journey, fixture, foreign }: Stage & { foreign: Issuer },
  person: Person,
): Promise<void> {
  const { visit, refused } = journey
  const { access_token: token, user } = await visit('POST /auth/login', { body: person })
  const { storage } = fixture
  const seen = { provider: 'github', appId: 'notes', subject: '1', profile: { nickname: '李华' } }
  const [one, other] = [
    await storage.identities.link(user.id, seen),
    await storage.identities.link(user.id, { ...seen, subject: '2' }),
  ]
  await visit('GET /users/me/identities', { token })
  await visit('DELETE /users/me/identities/{id}', { token, params: { id: one.id } })
  await storage.users.setPasswordHash(user.id, undefined)
  await refused('DELETE /users/me/identities/{id}', 409, { token, params: { id: other.id } })
  const body = { subject_token: await foreign.sign() }
  await visit('POST /users/me/identities', { token, body })
  const neighbour = await fixture.addUser()
  await storage.users.update(neighbour.id, { emailVerified: true })
  const somebody = await apiOf(fixture).login(neighbour)
  await refused('POST /users/me/identities', 409, { token: somebody.access_token, body })
}

interface Person {
  email: string
  password: string
}

const tokenIn = ({ text }: { text: string }): string => /token=([\w-]+)/.exec(text)?.[1] ?? ''

async function join({ journey, inbox }: Stage & { inbox: Inbox }, person: Person): Promise<void> {
  const { visit, refused } = journey
  const { email, password } = person
  const body = { ...person, username: 'lihua', nickname: '李华 🌱' }
  await visit('POST /auth/register', { body })
  const other = { email: 'other@example.com', password, username: 'LIHUA' }
  await refused('POST /auth/register', 409, { body: other })
  await refused('POST /auth/login', 403, { body: person })
  await inbox.waitFor(/^Your code is/)
  inbox.received.length = 0
  await visit('POST /auth/request-verify', { body: { email } })
  const token = tokenIn(await inbox.waitFor(/^Your code is/))
  await visit('POST /auth/verify-email', { body: { token } })
  inbox.received.length = 0
  await visit('POST /auth/register', { body: { ...other, username: 'mistaken' } })
  await inbox.waitFor(/^Your code is/)
  inbox.received.length = 0
  await visit('POST /auth/request-verify', { body: { email: other.email } })
  const mistaken = { token: tokenIn(await inbox.waitFor(/^Your code is/)) }
  await visit('POST /auth/disown-email', { body: mistaken })
  await refused('POST /auth/disown-email', 400, { body: mistaken })
  await refused('POST /auth/login', 401, { body: { email, password: 'wrong' } })
  const first = await visit('POST /auth/login', { body: { username: 'lihua', password } })
  const { refresh_token } = first
  const next = await visit('POST /auth/refresh', { body: { refresh_token } })
  await refused('POST /auth/refresh', 401, { body: { refresh_token: 'nothing' } })
  await visit('POST /auth/logout', {
    token: next.access_token,
    body: { refresh_token: next.refresh_token },
  })
}

async function recover(
  { journey: { visit, refused }, inbox }: Stage & { inbox: Inbox },
  { email }: Person,
  password: string,
): Promise<void> {
  await visit('POST /auth/forgot-password', { body: { email } })
  const body = { token: tokenIn(await inbox.waitFor(/new .*password/i)), password }
  await visit('POST /auth/reset-password', { body })
  await refused('POST /auth/reset-password', 400, { body })
}

async function profile({ journey, fixture }: Stage, person: Person): Promise<void> {
  const { visit, refused } = journey
  await fixture.addUser({ username: 'taken' })
  const { access_token: token } = await visit('POST /auth/login', { body: person })
  await visit('GET /users/me', { token })
  const body = {
    username: 'xiaoming',
    nickname: '小明',
    avatar_url: 'https://img.example/a.png',
    locale: 'zh-CN',
    phone: '+8613800000000',
    metadata: { public: { 颜色: ['青', 1, null, { a: true }] } },
  }
  await visit('PATCH /users/me', { token, body })
  await visit('PUT /users/me', { token, body: { ...body, phone: null, avatar_url: null } })
  for (const name of ['PATCH /users/me', 'PUT /users/me'])
    await refused(name, 409, { token, body: { username: 'TAKEN' } })
  await visit('POST /users/me/password', {
    token,
    body: { current_password: person.password, new_password: person.password },
  })
  await visit('GET /users/me/password', { token })
  await visit('GET /users/me/identities', { token })

  const server = await fixture.addClient({ introspection_resources: [fixture.config.API_RESOURCE] })
  const authorization = `Basic ${Buffer.from(`${server.id}:${server.secret}`).toString('base64')}`
  for (const one of [token, 'nothing'])
    await visit('POST /auth/verify', { headers: { authorization }, body: { token: one } })
}

async function changeEmail(
  { journey, fixture, inbox }: Stage & { inbox: Inbox },
  person: Person,
): Promise<string> {
  const { visit, refused } = journey
  const { access_token: token } = await visit('POST /auth/login', { body: person })
  const taken = 'somebody.else@example.com'
  const email = 'li.hua@elsewhere.example'
  await refused('POST /users/me/email', 401, { token, body: { email, password: 'wrong' } })
  const ask = async (body: { email: string; password?: string }): Promise<string> => {
    inbox.received.length = 0
    await visit('POST /users/me/email', { token, body })
    return codeIn(await inbox.waitFor(/^(Your code is|你的验证码是)/))
  }
  const late = await ask({ email: taken, password: person.password })
  await visit('GET /users/me/email', { token })
  await refused('POST /users/me/email/confirm', 400, { token, body: { code: 'nothing' } })
  await fixture.addUser({ email: taken })
  await refused('POST /users/me/email/confirm', 409, { token, body: { code: late } })
  await visit('POST /users/me/email/confirm', { token, body: { code: await ask({ email }) } })
  return email
}

async function keys({ journey: { visit } }: Stage, person: Person): Promise<void> {
  const { access_token: token } = await visit('POST /auth/login', { body: person })
  const made = await visit('POST /users/api-keys', {
    token,
    body: { name: 'ci', scopes: ['account:read'], expires_at: '2099-01-01T00:00:00+08:00' },
  })
  await visit('GET /users/me', { headers: { 'x-api-key': made.key } })
  await visit('GET /users/api-keys', { token })
  await visit('GET /users/api-key-scopes', { token })
  await visit('DELETE /users/api-keys/{id}', { token, params: { id: made.id } })
}

async function signIns({ journey, fixture }: Stage, person: Person): Promise<void> {
  const { visit } = journey
  const signIn = async (): Promise<string> =>
    (await visit('POST /auth/login', { body: person })).access_token
  const token = await signIn()
  const client = await fixture.addClient()
  const party = await relyingParty(fixture, client)
  const pending = await party.begin({ scope: 'openid offline_access', prompt: 'consent' })
  await pending.redeem(await authorize(createBrowser(fixture.issuer), pending.url, person))

  await visit('GET /users/me/grants', { token })
  const { sessions } = await visit('GET /users/me/sessions', { token })
  await visit('GET /users/me/export', { token })
  const browser = sessions.find(({ kind }: { kind: string }) => kind === 'browser')
  await visit('DELETE /users/me/sessions/{id}', { token, params: { id: browser.id } })
  await visit('DELETE /users/me/grants/{id}', { token, params: { id: client.id } })
  await visit('DELETE /users/me/sessions', { token })
  await visit('DELETE /users/me', { token: await signIn(), body: {} })
}
