import { createHash } from 'node:crypto'
import test from 'ava'
import * as oidc from 'openid-client'
import { apiKeyType } from '#oidc/exchange-api-key.ts'
import { tokenExchange } from '#oidc/token-exchange.ts'
import { apiOf, type CallOptions } from '../support/api.ts'
import { introspect } from '../flow/journeys.ts'
import { relyingParty } from '../support/relying-party.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'

const withKey = (key: string): CallOptions => ({ headers: { 'x-api-key': key } })

onStorages(
  'a key is made, works within its scopes, is listed without its secret, and dies',
  async (t, begin) => {
    const fixture = await begin()
    const api = apiOf(fixture)
    const { access_token: token } = await api.login(await fixture.addUser())
    const made = await api.call('POST', '/users/api-keys', {
      token,
      body: { name: 'ci', scopes: ['account:read'] },
    })
    t.is(made.status, 201)
    t.regex(made.body.key, /^uak_/)

    t.is((await api.call('GET', '/users/me', withKey(made.body.key))).status, 200)
    t.is((await api.call('GET', '/users/me', { token: made.body.key })).status, 200)
    const beyond = await api.call('PATCH', '/users/me', {
      ...withKey(made.body.key),
      body: { nickname: 'x' },
    })
    t.is(beyond.body.code, 'insufficient_scope')

    const { api_keys: keys } = (await api.call('GET', '/users/api-keys', { token })).body
    t.is(keys.length, 1)
    t.false(JSON.stringify(keys).includes(made.body.key))
    t.truthy(keys[0].last_used_at)

    t.is((await api.call('DELETE', `/users/api-keys/${made.body.id}`, { token })).status, 204)
    t.is((await api.call('GET', '/users/me', withKey(made.body.key))).status, 401)
  },
)

test('a key with a wrong letter, a wrong end or an end in the past is no key', async (t) => {
  const clock = { now: Date.now() }
  const fixture = await start(t, { now: () => clock.now })
  const api = apiOf(fixture)
  const { access_token: token } = await api.login(await fixture.addUser())
  const make = (more: object) =>
    api.call('POST', '/users/api-keys', {
      token,
      body: { name: 'ci', scopes: ['account:read'], ...more },
    })
  const { key } = (await make({})).body
  const other = (text: string, at: number) =>
    text.slice(0, at) + (text[at] === 'a' ? 'b' : 'a') + text.slice(at + 1)
  for (const wrong of [
    other(key, 10),
    other(key, 30),
    other(key, key.length - 1),
    key.slice(0, -1),
    `${key}0`,
    withSecretOf(key, 'x'.repeat(43)),
    'uak_',
    'uak_\u0000',
  ]) {
    t.is(
      (
        await fetch(`${fixture.issuer}/users/me`, {
          headers: { 'x-api-key': wrong.replace('\u0000', '%00') },
        })
      ).status,
      401,
    )
  }
  t.is((await make({ expires_at: '2020-01-01T00:00:00Z' })).status, 422)
  const soon = (await make({ expires_at: new Date(clock.now + 1000).toISOString() })).body.key
  clock.now += 999
  t.is((await api.call('GET', '/users/me', withKey(soon))).status, 200)
  clock.now += 1
  t.is((await api.call('GET', '/users/me', withKey(soon))).status, 401)
})

test('no one makes a key with more than they have, for someone else, or with a key', async (t) => {
  const fixture = await start(t)
  const api = apiOf(fixture)
  const other = await fixture.addUser()
  const { access_token: token } = await api.login(await fixture.addUser())
  const make = (body: object, options: CallOptions = { token }) =>
    api.call('POST', '/users/api-keys', { ...options, body })
  t.is((await make({ name: 'x', scopes: ['admin:users'] })).body.code, 'invalid_scope')
  t.is((await make({ name: 'x', scopes: ['account:read'], user_id: other.id })).status, 422)
  t.is((await make({ name: 'x', scopes: ['account:read'] }, {})).status, 401)
  const { key, id } = (await make({ name: 'x', scopes: ['account:read', 'account:write'] })).body
  t.is((await make({ name: 'y', scopes: ['account:read'] }, withKey(key))).status, 403)
  const { access_token: theirs } = await api.login(other)
  t.is((await api.call('DELETE', `/users/api-keys/${id}`, { token: theirs })).status, 404)
  t.is((await api.call('GET', '/users/me', withKey(key))).status, 200)
})

test('what a key did not have when it was made, its owner’s later roles do not give it', async (t) => {
  const fixture = await start(t)
  const api = apiOf(fixture)
  const person = await fixture.addUser()
  const { access_token: token } = await api.login(person)
  const { key } = (
    await api.call('POST', '/users/api-keys', {
      token,
      body: { name: 'x', scopes: ['account:read'] },
    })
  ).body
  await fixture.storage.users.update(person.id, { roles: ['admin'] })
  t.is(
    (await api.call('PATCH', '/users/me', { ...withKey(key), body: { nickname: 'x' } })).status,
    403,
  )
})

test('a JWT that a key was exchanged for makes no keys either', async (t) => {
  const fixture = await start(t)
  const api = apiOf(fixture)
  const { access_token: token } = await api.login(await fixture.addUser())
  const body = { name: 'x', scopes: ['account:read', 'account:write'] }
  const { key } = (await api.call('POST', '/users/api-keys', { token, body })).body
  const client = await fixture.addClient({
    grant_types: ['authorization_code', tokenExchange],
    first_party: true,
  })
  const { config } = await relyingParty(fixture, client)
  const { access_token: jwt } = await oidc.genericGrantRequest(config, tokenExchange, {
    subject_token: key,
    subject_token_type: apiKeyType,
  })
  t.is((await api.call('PATCH', '/users/me', { token: jwt, body: { nickname: 'x' } })).status, 200)
  t.is((await api.call('POST', '/users/api-keys', { token: jwt, body })).status, 403)
})

/** The public half of a key with another secret, and the check sum that fits. */
function withSecretOf(key: string, secret: string): string {
  const body = key.slice(0, 20) + secret.slice(0, key.length - 26)
  return body + createHash('sha256').update(body).digest('hex').slice(0, 6)
}

test('a key loses a scope at once when its owner loses the role', async (t) => {
  const fixture = await start(t)
  const api = apiOf(fixture)
  const person = await fixture.addUser({ roles: ['admin'] })
  // Another one, because the last administrator keeps the role.
  await fixture.addUser({ roles: ['admin'] })
  const { access_token: token } = await api.login(person)
  const scopes = ['account:read', 'admin:audit']
  const body = { name: 'x', scopes }
  const { key } = (await api.call('POST', '/users/api-keys', { token, body })).body
  t.is((await api.call('GET', '/admin/audit', withKey(key))).status, 200)
  await fixture.storage.users.update(person.id, { roles: [] })
  const refused = await api.call('GET', '/admin/audit', withKey(key))
  t.like(refused, { status: 403, body: { code: 'insufficient_scope' } })
  t.is((await api.call('GET', '/users/me', withKey(key))).status, 200)
  const server = await fixture.addClient({
    introspection_resources: [fixture.config.API_RESOURCE],
  })
  const verdict = await api.call('POST', '/auth/verify', {
    body: { token: key },
    headers: {
      authorization: `Basic ${Buffer.from(`${server.id}:${server.secret}`).toString('base64')}`,
    },
  })
  t.deepEqual(verdict.body.scopes, ['account:read'])
})

onStorages(
  'a key is introspected and exchanged for a JWT, and takes the JWT with it',
  async (t, begin) => {
    const fixture = await begin()
    const api = apiOf(fixture)
    const person = await fixture.addUser()
    const { access_token: token } = await api.login(person)
    const made = (
      await api.call('POST', '/users/api-keys', {
        token,
        body: { name: 'x', scopes: ['account:read'] },
      })
    ).body
    const stranger = await fixture.addClient()
    t.deepEqual(await introspect(fixture, stranger, made.key), { active: false })
    const server = await fixture.addClient({
      grant_types: ['authorization_code', tokenExchange],
      introspection_resources: [fixture.config.API_RESOURCE],
    })
    const post = async (path: string, form: Record<string, string>) => {
      const answer = await fetch(fixture.issuer + path, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`${server.id}:${server.secret}`).toString('base64')}`,
        },
        body: new URLSearchParams(form),
      })
      return {
        status: answer.status,
        body: (await answer.json()) as Record<string, string> & { active?: boolean },
      }
    }
    t.like((await post('/oauth/introspect', { token: made.key })).body, {
      active: true,
      sub: person.id,
      scope: 'account:read',
    })

    const exchange = (more: Record<string, string> = {}) =>
      post('/oauth/token', {
        grant_type: tokenExchange,
        subject_token: made.key,
        subject_token_type: apiKeyType,
        ...more,
      })
    const { status, body } = await exchange()
    t.is(status, 200)
    t.like(body, {
      token_type: 'Bearer',
      scope: 'account:read',
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    })
    t.is((await api.call('GET', '/users/me', { token: body['access_token'] })).body.id, person.id)
    t.is((await post('/oauth/introspect', { token: body['access_token']! })).body.active, true)

    t.is((await exchange({ scope: 'account:write' })).body['error'], 'invalid_scope')
    const resource = 'https://elsewhere.example/'
    const scopes = [{ name: 'account:read', description: { en: 'x' } }]
    await fixture.storage.resources.put({ identifier: resource, name: { en: 'x' }, scopes })
    t.is((await exchange({ resource })).body['error'], 'invalid_target')
    t.is((await exchange({ subject_token: token })).body['error'], 'invalid_grant')
    t.is(
      (await exchange({ subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' })).body[
        'error'
      ],
      'invalid_request',
    )

    await api.call('DELETE', `/users/api-keys/${made.id}`, { token })
    t.is((await exchange()).body['error'], 'invalid_grant')
    t.is((await api.call('GET', '/users/me', { token: body['access_token'] })).status, 401)
    t.is((await post('/oauth/introspect', { token: body['access_token']! })).body.active, false)
    t.is((await post('/oauth/introspect', { token: made.key })).body.active, false)
  },
)
