import test from 'ava'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { apiOf } from '../support/api.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'

onStorages(
  'a person signs in with a password, calls the API, refreshes and signs out',
  async (t, begin) => {
    const fixture = await begin()
    const person = await fixture.addUser({ email: 'Li.Hua@example.com' })
    const api = apiOf(fixture)
    const first = await api.login({ email: 'li.hua@EXAMPLE.com', password: person.password })
    t.is(first.user.id, person.id)

    const jwks = createRemoteJWKSet(new URL(`${fixture.issuer}/oauth/jwks`))
    const { payload } = await jwtVerify(first.access_token, jwks, {
      audience: fixture.config.API_RESOURCE,
      typ: 'at+jwt',
    })
    t.is(payload.sub, person.id)
    t.is(payload.exp! - payload.iat!, 600)

    const me = await api.call('GET', '/users/me', { token: first.access_token })
    t.is(me.status, 200)
    t.is(me.body.email, 'Li.Hua@example.com')
    t.is(me.body.login_count, 1)

    const second = (
      await api.call('POST', '/auth/refresh', { body: { refresh_token: first.refresh_token } })
    ).body
    t.not(second.refresh_token, first.refresh_token)
    t.is((await api.call('GET', '/users/me', { token: second.access_token })).status, 200)

    const out = await api.call('POST', '/auth/logout', {
      token: second.access_token,
      body: { refresh_token: second.refresh_token },
    })
    t.is(out.status, 200)
    for (const token of [first.access_token, second.access_token]) {
      const refused = await api.call('GET', '/users/me', { token })
      t.is(refused.status, 401)
      t.is(refused.headers.get('www-authenticate'), 'Bearer error="invalid_token"')
    }
    const again = await api.call('POST', '/auth/refresh', {
      body: { refresh_token: second.refresh_token },
    })
    t.is(again.status, 401)
    t.is(again.body.code, 'invalid_token')
  },
)

onStorages(
  'a spent refresh token that comes back after the grace ends the sign-in',
  async (t, begin) => {
    const fixture = await begin({ env: { REFRESH_GRACE_SECONDS: '0' } })
    const api = apiOf(fixture)
    const first = await api.login(await fixture.addUser())
    const second = (
      await api.call('POST', '/auth/refresh', { body: { refresh_token: first.refresh_token } })
    ).body
    t.is(
      (await api.call('POST', '/auth/refresh', { body: { refresh_token: first.refresh_token } }))
        .status,
      401,
    )
    t.is(
      (await api.call('POST', '/auth/refresh', { body: { refresh_token: second.refresh_token } }))
        .status,
      401,
    )
    t.is((await api.call('GET', '/users/me', { token: second.access_token })).status, 401)
  },
)

test('a refresh leaves the scope as it was, and the ID token to those who ask the token endpoint', async (t) => {
  const fixture = await start(t)
  const api = apiOf(fixture)
  const first = await api.login(await fixture.addUser())
  const second = await api.call('POST', '/auth/refresh', {
    body: { refresh_token: first.refresh_token },
  })
  t.is(second.body.scope, first.scope)
  t.false('id_token' in second.body)

  const third = await fetch(`${fixture.issuer}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'first-party',
      refresh_token: second.body.refresh_token,
    }),
  })
  t.is(typeof ((await third.json()) as { id_token?: unknown }).id_token, 'string')
})

test('the old paths and forms go on: /api/v1, username, identifier, urlencoded', async (t) => {
  const fixture = await start(t)
  const person = await fixture.addUser({ username: 'wei' })
  const api = apiOf(fixture)
  const { password } = person
  for (const who of [
    { email: person.email },
    { username: 'WEI' },
    { identifier: 'wei' },
    { identifier: person.email },
  ]) {
    t.is(
      (await api.call('POST', '/api/v1/auth/login', { body: { ...who, password } })).status,
      200,
      JSON.stringify(who),
    )
  }
  const form = await fetch(`${fixture.issuer}/auth/login`, {
    method: 'POST',
    body: new URLSearchParams({ username: 'wei', password }),
  })
  t.is(form.status, 200)
  t.is((await api.call('POST', '/auth/login', { body: { password } })).status, 422)
})

test('unknown, wrong, banned and locked look the same', async (t) => {
  const fixture = await start(t, { env: { LOGIN_MAX_FAILURES: '2' } })
  const [known, banned] = [await fixture.addUser(), await fixture.addUser()]
  await fixture.storage.users.update(banned.id, { bannedAt: Date.now() })
  const api = apiOf(fixture)
  const tries = [
    { email: 'nobody@example.com', password: 'x' },
    { email: known.email, password: 'x' },
    { email: banned.email, password: banned.password },
    { email: known.email, password: 'y' },
    { email: known.email, password: known.password },
  ]
  for (const body of tries) {
    const answer = await api.call('POST', '/auth/login', { body })
    t.is(answer.status, 401)
    const { trace_id: _trace, ...rest } = answer.body
    t.deepEqual(rest, {
      type: 'about:blank',
      title: rest.title,
      status: 401,
      detail: rest.detail,
      code: 'invalid_credentials',
    })
    t.false('errors' in answer.body)
  }
})

test('a client that is not first-party, has a secret to show or is not known gets no tokens, nor does an unknown resource', async (t) => {
  const fixture = await start(t)
  const { email, password } = await fixture.addUser()
  const stranger = await fixture.addClient({ token_endpoint_auth_method: 'none' })
  const own = await fixture.addClient({ token_endpoint_auth_method: 'none', first_party: true })
  const api = apiOf(fixture)
  const login = (more: object) =>
    api.call('POST', '/auth/login', { body: { email, password, ...more } })
  t.is((await login({ client_id: stranger.id })).body.code, 'invalid_client')
  t.is((await login({ client_id: 'nobody' })).body.code, 'invalid_client')
  const confidential = await fixture.addClient({ first_party: true })
  t.is((await login({ client_id: confidential.id })).body.code, 'invalid_client')
  t.is((await login({ resource: 'https://elsewhere.example' })).body.code, 'invalid_target')
  t.is((await login({ client_id: own.id })).status, 200)
})

test('requests of one address are limited, and the answers say how many are left', async (t) => {
  const fixture = await start(t, { env: { REQUESTS_PER_MINUTE: '3' } })
  const api = apiOf(fixture)
  const body = { refresh_token: 'none' }
  for (const left of ['2', '1', '0']) {
    t.is(
      (await api.call('POST', '/auth/refresh', { body })).headers.get('ratelimit-remaining'),
      left,
    )
  }
  const refused = await api.call('POST', '/auth/refresh', { body })
  t.is(refused.status, 429)
  t.is(refused.body.code, 'too_many_requests')
  t.true(Number(refused.headers.get('retry-after')) > 0)
  t.is((await api.call('GET', '/health/live')).status, 200)
})
