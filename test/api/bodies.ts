import { newSecret } from '#lib/ids.ts'
import { callback } from '../support/start.ts'

/** A body that each route takes, new with each call; a new route's goes here, and the tests that need one find it. */
export const bodies: Record<string, () => Record<string, unknown>> = {
  'POST /auth/register': () => ({ ...credentials(), username: name(), nickname: 'Zoe' }),
  'POST /auth/login': () => ({ ...credentials(), client_id: 'first-party', resource: 'urn:none' }),
  'POST /auth/refresh': () => ({ refresh_token: newSecret() }),
  'POST /auth/logout': () => ({ refresh_token: newSecret() }),
  'POST /auth/forgot-password': () => ({ email: credentials().email }),
  'POST /auth/reset-password': () => ({ token: newSecret(), password: credentials().password }),
  'POST /auth/request-verify': () => ({ email: credentials().email }),
  'POST /auth/verify-email': () => ({ token: newSecret() }),
  'POST /auth/disown-email': () => ({ token: newSecret() }),
  'POST /auth/mfa': () => ({ mfa_token: newSecret(), method: 'totp', code: '123456' }),
  'POST /auth/passkey/options': () => ({ mfa_token: newSecret() }),
  'POST /auth/passkey': () => ({ response: { id: newSecret() }, client_id: 'first-party' }),
  'POST /users/me/identities': () => ({ subject_token: newSecret() }),
  'POST /users/me/factors/totp': owner,
  'POST /users/me/factors/totp/confirm': () => ({
    setup_token: newSecret(),
    code: '123456',
    name: '手机',
  }),
  'POST /users/me/factors/recovery-codes': owner,
  'POST /users/me/factors/passkeys/options': owner,
  'POST /users/me/factors/passkeys': () => ({ response: { id: newSecret() }, name: 'laptop' }),
  'PATCH /users/me/factors/{id}': () => ({ name: 'laptop' }),
  'DELETE /users/me/factors/{id}': owner,
  'DELETE /users/me': owner,
  'POST /auth/wechat-login': () => ({ code: newSecret() }),
  'POST /wechat/phone': () => ({ code: newSecret() }),
  'POST /wechat/qrcode': () => ({ scene: 'a=1' }),
  'POST /auth/verify': () => ({ token: newSecret(), required_scope: 'account:read' }),
  'PATCH /users/me': profile,
  'PUT /users/me': profile,
  'POST /users/me/password': () => ({ current_password: 'not the one', new_password: newSecret() }),
  'POST /users/me/email': () => ({ email: credentials().email }),
  'POST /users/me/email/confirm': () => ({ code: '000000' }),
  'POST /users/api-keys': () => ({
    name: 'ci',
    scopes: ['account:read'],
    expires_at: '2099-01-01T00:00:00Z',
  }),
  'POST /admin/users': () => ({ ...user(), password: newSecret() }),
  'PUT /admin/users/{id}': user,
  'PATCH /admin/users/{id}': user,
  'POST /admin/users/{id}/ban': () => ({ reason: 'spam' }),
  'POST /admin/users/{id}/reset-password': () => ({ password: newSecret() }),
  'POST /admin/clients': () => ({ client_id: name(), ...client() }),
  'PUT /admin/clients/{id}': client,
  'PATCH /admin/clients/{id}': client,
  'POST /admin/resources': () => ({ identifier: `https://api.example/${name()}`, ...resource() }),
  'PUT /admin/resources/{identifier}': resource,
  'POST /admin/roles': () => ({ name: name(), ...role() }),
  'PUT /admin/roles/{name}': role,
  'PATCH /admin/roles/{name}': role,
  'POST /admin/providers': () => ({ id: name(), ...provider() }),
  'PUT /admin/providers/{id}': provider,
  'POST /admin/keys/rotate': () => ({ force: false }),
}

function name(): string {
  return `n${newSecret(8)
    .replaceAll(/[^A-Za-z0-9]/g, '0')
    .toLowerCase()}`
}

function credentials() {
  return { email: `${name()}@example.com`, password: newSecret() }
}

function profile() {
  return {
    username: name(),
    nickname: '小明',
    avatar_url: 'https://img.example/a.png',
    locale: 'zh-CN',
    phone: '+8613800000000',
    metadata: { public: { a: [1, { b: null }] } },
  }
}

function user() {
  const { metadata, ...rest } = profile()
  return {
    ...rest,
    email: credentials().email,
    email_verified: true,
    roles: [],
    metadata: { ...metadata, private: { c: 'd' } },
    is_premium: true,
    points: 12.5,
  }
}

function client() {
  return {
    client_name: 'Notes',
    client_uri: 'https://notes.example/',
    contacts: ['ops@notes.example'],
    redirect_uris: [callback],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    scope: 'openid profile',
    token_endpoint_auth_method: 'client_secret_basic',
    first_party: false,
    allowed_cors_origins: ['https://notes.example'],
  }
}

function resource() {
  return {
    name: { en: 'Orders' },
    scopes: [{ name: 'orders:read', description: { en: 'See your orders' }, sensitive: true }],
    access_token_ttl: 300,
  }
}

function owner() {
  return { current_password: 'not the one' }
}

function provider() {
  return { kind: 'github', client_id: 'notes', client_secret: 'not so secret', trust_email: true }
}

function role() {
  return { description: 'Reads', permissions: {} }
}
