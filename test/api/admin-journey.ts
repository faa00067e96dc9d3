import { firstPartyClientId } from '#oidc/first-party.ts'
import { callback } from '../support/start.ts'
import type { Stage } from './account-journey.ts'
import type { Journey } from './journey.ts'

interface Desk extends Stage {
  /** The administrator's. */
  token: string
  adminId: string
}

/** Everything under `/admin`, as one day of an administrator. */
export async function adminJourney({
  admin,
  ...stage
}: Stage & { admin: { email: string; password: string } }): Promise<void> {
  const { access_token: token, user } = await stage.journey.visit('POST /auth/login', {
    body: admin,
  })
  await stage.journey.refused('DELETE /users/me', 409, { token })
  const desk = { ...stage, token, adminId: user.id }
  await roles(desk)
  await people(desk)
  await signIns(desk)
  await clients(desk)
  await resources(desk)
  await providers(desk)
  await operations(desk)
}

async function roles({ journey: { visit, refused }, token, fixture }: Desk): Promise<void> {
  const permissions = { [fixture.config.API_RESOURCE]: ['admin:audit'] }
  const body = { name: 'auditor', description: 'Reads', permissions }
  const params = { name: 'auditor' }
  await visit('POST /admin/roles', { token, body })
  await refused('POST /admin/roles', 409, { token, body })
  await visit('GET /admin/roles', { token })
  await visit('GET /admin/roles/{name}', { token, params })
  for (const method of ['PUT', 'PATCH']) {
    const name = `${method} /admin/roles/{name}`
    const bare = { description: null, permissions: {} }
    await visit(name, { token, params, body: method === 'PUT' ? bare : { description: null } })
    await refused(name, 409, { token, params: { name: 'admin' }, body: bare })
  }
  await refused('DELETE /admin/roles/{name}', 409, { token, params: { name: 'admin' } })
  await visit('DELETE /admin/roles/{name}', { token, params })
}

const person = {
  email: 'zoe@example.com',
  username: 'zoe',
  nickname: 'Zoë 🌱',
  password: 'a long pass phrase',
  email_verified: true,
}

async function people({ journey: { visit, refused }, token, adminId }: Desk): Promise<void> {
  await visit('POST /admin/roles', { token, body: { name: 'merchant' } })
  const body = {
    ...person,
    roles: ['merchant'],
    metadata: { public: { a: [1, null] }, private: { 备注: '好' } },
    is_premium: true,
    points: 12.5,
  }
  const { password: _, ...whole } = { ...body, phone: null, avatar_url: null, locale: null }
  const { id } = await visit('POST /admin/users', { token, body })
  const params = { id }
  await refused('POST /admin/users', 409, { token, body })
  await visit('GET /admin/users', { token, query: { q: 'zoe', role: 'merchant', limit: '1' } })
  await visit('GET /admin/users/{id}', { token, params })
  for (const method of ['PUT', 'PATCH']) {
    const name = `${method} /admin/users/{id}`
    const rest = method === 'PUT' ? whole : {}
    await visit(name, { token, params, body: { ...rest, nickname: null, points: 3 } })
    await refused(name, 409, { token, params, body: { ...rest, username: 'taken' } })
  }
  await actions({ visit, refused }, { token, id, adminId })
}

async function actions(
  { visit, refused }: Pick<Journey, 'visit' | 'refused'>,
  { token, id, adminId }: { token: string; id: string; adminId: string },
): Promise<void> {
  const params = { id }
  const { password } = person
  await visit('POST /admin/users/{id}/reset-password', { token, params, body: { password } })
  await visit('POST /admin/users/{id}/reset-password', { token, params, body: {} })
  await visit('POST /admin/users/{id}/logout', { token, params })
  await visit('POST /admin/users/{id}/ban', { token, params, body: { reason: 'spam' } })
  await refused('POST /admin/users/{id}/reset-password', 409, { token, params, body: {} })
  await visit('POST /admin/users/{id}/unban', { token, params })
  for (const name of ['POST /admin/users/{id}/ban', 'DELETE /admin/users/{id}'])
    await refused(name, 409, { token, params: { id: adminId } })
}

async function signIns({ journey: { visit }, token, fixture }: Desk): Promise<void> {
  const { email, password } = person
  const { user } = await visit('POST /auth/login', { body: { email, password } })
  const { sessions } = await visit('GET /admin/sessions', { token, query: { user_id: user.id } })
  const params = { id: user.id, session_id: sessions[0].id }
  await visit('DELETE /admin/users/{id}/sessions/{session_id}', { token, params })

  const { record } = await fixture.server.services.apiKeys.create(
    { userId: user.id, name: 'ci', scopes: [] },
    { scopes: new Set() },
  )
  await visit('GET /admin/api-keys', { token, query: { limit: '1' } })
  await visit('GET /admin/api-keys/{id}', { token, params: { id: record.id } })
  await visit('DELETE /admin/api-keys/{id}', { token, params: { id: record.id } })
  await visit('POST /admin/users/{id}/remove-factors', { token, params })
  await visit('DELETE /admin/users/{id}', { token, params: { id: user.id } })
}

async function clients({ journey: { visit, refused }, token }: Desk): Promise<void> {
  const body = { client_id: 'notes', client_name: 'Notes 笔记', redirect_uris: [callback] }
  const { client_id: _, ...metadata } = body
  const params = { id: body.client_id }
  await visit('POST /admin/clients', { token, body })
  await refused('POST /admin/clients', 409, { token, body })
  await visit('GET /admin/clients', { token, query: { q: 'note' } })
  await visit('GET /admin/clients/{id}', { token, params })
  await visit('PUT /admin/clients/{id}', { token, params, body: metadata })
  await visit('PATCH /admin/clients/{id}', { token, params, body: { first_party: true } })
  await visit('POST /admin/clients/{id}/rotate-secret', { token, params })
  await refused('POST /admin/clients/{id}/rotate-secret', 409, { token, params })
  await visit('DELETE /admin/clients/{id}/secrets/old', { token, params })
  const own = { id: firstPartyClientId }
  await refused('DELETE /admin/clients/{id}', 409, { token, params: own })
  await visit('DELETE /admin/clients/{id}', { token, params })
}

async function resources({ journey: { visit, refused }, token, fixture }: Desk): Promise<void> {
  const rest = {
    name: { en: 'Orders', 'zh-CN': '订单' },
    scopes: [{ name: 'orders:read', description: { en: 'See your orders' }, sensitive: true }],
    access_token_ttl: 300,
  }
  const identifier = 'https://api.example/orders?v=1'
  const params = { identifier }
  const own = { identifier: fixture.config.API_RESOURCE }
  await visit('POST /admin/resources', { token, body: { ...rest, identifier } })
  await refused('POST /admin/resources', 409, { token, body: { ...rest, identifier } })
  await visit('GET /admin/resources', { token })
  await visit('GET /admin/resources/{identifier}', { token, params })
  await visit('PUT /admin/resources/{identifier}', { token, params, body: rest })
  await refused('PUT /admin/resources/{identifier}', 409, { token, params: own, body: rest })
  await refused('DELETE /admin/resources/{identifier}', 409, { token, params: own })
  await visit('DELETE /admin/resources/{identifier}', { token, params })
}

async function providers({ journey: { visit, refused }, token }: Desk): Promise<void> {
  const recipe = { kind: 'github', client_id: 'notes', client_secret: 'the secret of notes' }
  const body = { id: 'github-2', ...recipe }
  const params = { id: 'github-2' }
  const declared = { id: 'google' }
  await visit('POST /admin/providers', { token, body })
  await refused('POST /admin/providers', 409, { token, body })
  await visit('GET /admin/providers', { token })
  await visit('GET /admin/providers/{id}', { token, params })
  await visit('PUT /admin/providers/{id}', { token, params, body: recipe })
  await refused('PUT /admin/providers/{id}', 409, { token, params: declared, body: recipe })
  await refused('DELETE /admin/providers/{id}', 409, { token, params: declared })
  await visit('DELETE /admin/providers/{id}', { token, params })
}

async function operations({ journey: { visit, refused }, token, fixture }: Desk): Promise<void> {
  await fixture.server.services.telemetry.audit.flush()
  await visit('GET /admin/audit', { token, query: { type: 'user.', from: '2020-01-01' } })
  await fixture.storage.mailQueue.add({
    id: 'one-mail',
    to: 'nobody@example.com',
    subject: 'Hello',
    sealedBody: 'not to be opened',
  })
  await visit('GET /admin/mail', { token, query: { state: 'waiting' } })
  await fixture.storage.mailQueue.failed('one-mail', 'nobody is there', undefined)
  await visit('POST /admin/mail/{id}/retry', { token, params: { id: 'one-mail' } })
  for (const id of ['one-mail', 'é'])
    await refused('POST /admin/mail/{id}/retry', 404, { token, params: { id } })
  await visit('GET /admin/settings', { token })
  await visit('GET /admin/stats', { token, query: { days: '7' } })
  await visit('GET /admin/keys', { token })
  await refused('POST /admin/keys/rotate', 409, { token, body: {} })
  const { keys } = await visit('POST /admin/keys/rotate', { token, body: { force: true } })
  // Not the one that has signed the administrator's token.
  const { kid } = keys.find((key: { state: string }) => key.state === 'next')
  await visit('POST /admin/keys/{kid}/revoke', { token, params: { kid } })
  await refused('POST /admin/keys/{kid}/revoke', 404, { token, params: { kid } })
}
