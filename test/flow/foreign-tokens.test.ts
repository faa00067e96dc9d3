import test from 'ava'
import { tokenExchange } from '#oidc/token-exchange.ts'
import { apiOf } from '../support/api.ts'
import { startExchange, trust } from '../support/exchange.ts'
import { startIssuer } from '../support/issuer.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { signedIn } from './journeys.ts'

onStorages(
  'a person comes with another provider’s token, gets ours, and is the same person the next time',
  async (t, begin) => {
    const issuer = await startIssuer(t)
    const fixture = await begin({ env: trust(t, issuer) })
    const { exchange, refresh } = await startExchange(fixture)
    const api = apiOf(fixture)
    const claims = {
      sub: '用户-1',
      name: '雨面 👩‍👩‍👧',
      email: 'li@example.com',
      email_verified: true,
    }

    const first = await exchange(await issuer.sign(claims))
    t.is(first.status, 200)
    t.like(first.body, {
      token_type: 'Bearer',
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      scope: 'account:read account:write',
    })
    const me = (await api.call('GET', '/users/me', { token: first.body['access_token'] })).body
    t.like(me, { nickname: '雨面 👩‍👩‍👧', email: 'li@example.com', email_verified: true })

    const renewed = await refresh(first.body['refresh_token']!)
    t.is(renewed.status, 200)
    const again = await exchange(await issuer.sign(claims), { scope: 'account:read' })
    t.is(again.body['scope'], 'account:read')
    const sameMe = await api.call('GET', '/users/me', { token: again.body['access_token'] })
    t.is(sameMe.body.id, me.id)

    await fixture.server.services.telemetry.audit.flush()
    const { events } = await fixture.storage.audit.list({ type: 'token.exchanged', limit: 10 })
    t.is(events.length, 2)
    t.like(events.at(-1), {
      actor: me.id,
      details: { issuer: issuer.url, subject: '用户-1', is_new: true },
    })

    await fixture.storage.users.update(me.id, { bannedAt: 1 })
    const banned = await exchange(await issuer.sign(claims))
    t.like(banned.body, { error: 'invalid_grant', error_description: 'the account is disabled' })
  },
)

onStorages(
  'a person who has an account links the token to it, and then signs in with the token',
  async (t, begin) => {
    const issuer = await startIssuer(t)
    const fixture = await begin({ env: trust(t, issuer) })
    const { exchange } = await startExchange(fixture)
    const api = apiOf(fixture)
    const person = await fixture.addUser()
    const subject_token = await issuer.sign({ sub: 'li', email: person.email, name: '李华' })

    const { access_token: token } = await api.login(person)
    const link = (body: object, by = token) =>
      api.call('POST', '/users/me/identities', { token: by, body })
    const joined = await link({ subject_token })
    t.is(joined.status, 201)
    t.like(joined.body, { app_id: 'their-app', subject: 'li', nickname: '李华' })
    const mine = (await exchange(subject_token)).body['access_token']
    t.is((await api.call('GET', '/users/me', { token: mine })).body.email, person.email)

    const other = await api.login(await fixture.addUser())
    const taken = await link({ subject_token }, other.access_token)
    t.like(taken.body, { status: 409, code: 'identity_taken' })
    const bad = await link({ subject_token: `${subject_token}x` })
    t.like(bad.body, { status: 422, code: 'validation_failed' })
    await fixture.server.services.telemetry.audit.flush()
    const { events } = await fixture.storage.audit.list({ type: 'identity.linked', limit: 9 })
    t.deepEqual(
      events.map(({ actor, target }) => [actor, target]),
      [[person.id, `user:${person.id}`]],
    )
  },
)

test('an account is joined with a token only by its owner, with proof, and with no one anonymous', async (t) => {
  const issuer = await startIssuer(t)
  const fixture = await start(t, { env: trust(t, issuer) })
  const api = apiOf(fixture)
  const resource = fixture.config.API_RESOURCE
  const request = { resource, scope: 'openid account:read account:write' }
  // Of another's application, for which a fresh sign-in is no proof.
  const { person, tokens } = await signedIn(fixture, { request, redeem: { resource } })
  const token = tokens.access_token
  const { access_token: own } = await api.login(person)
  const key = await api.call('POST', '/users/api-keys', {
    token: own,
    body: { name: 'k', scopes: ['account:write'] },
  })
  const subject_token = await issuer.sign({ sub: 'li' })
  const link = (body: object, by: string) =>
    api.call('POST', '/users/me/identities', { token: by, body })
  t.is((await link({ subject_token }, token)).body.code, 'insufficient_user_authentication')
  const wrong = { subject_token, current_password: 'wrong' }
  t.is((await link(wrong, token)).body.code, 'invalid_credentials')
  const right = { subject_token, current_password: person.password }
  t.is((await link(right, key.body.key)).status, 403)
  const guest = await issuer.sign({ sub: 'guest', is_anonymous: true })
  t.is((await link({ ...right, subject_token: guest }, token)).status, 422)
  t.deepEqual(await fixture.storage.identities.listByUser(person.id), [])
  t.is((await link(right, token)).status, 201)
})

onStorages('parallel first exchanges of one subject make one person', async (t, begin) => {
  const issuer = await startIssuer(t)
  const fixture = await begin({ env: trust(t, issuer) })
  const { exchange } = await startExchange(fixture)
  const claims = { sub: 'twins', email: 'twins@example.com', email_verified: true }
  const token = await issuer.sign(claims)
  const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(token)))
  t.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
  const { users } = await fixture.storage.users.list({ limit: 100 })
  t.is(users.filter(({ email }) => email === 'twins@example.com').length, 1)
  const identities = await fixture.storage.identities.listByUser(
    users.find(({ email }) => email === 'twins@example.com')!.id,
  )
  t.is(identities.length, 1)
  t.is(issuer.fetches, 1)
})

onStorages('our own API takes the token as it is when the operator says so', async (t, begin) => {
  const issuer = await startIssuer(t)
  const more = { accepted_by_api: true, api_scopes: ['account:read'] }
  const fixture = await begin({ env: trust(t, issuer, more) })
  const api = apiOf(fixture)
  const token = await issuer.sign({ sub: 'caller', name: '李华' })
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => api.call('GET', '/users/me', { token })),
  )
  t.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
  t.is(new Set(answers.map(({ body }) => body.id)).size, 1)
  const { id } = answers[0]!.body
  const { loginCount } = (await fixture.storage.users.findById(id))!
  await api.call('GET', '/users/me', { token })
  t.is((await fixture.storage.users.findById(id))!.loginCount, loginCount)

  const change = { token, body: { nickname: 'x' } }
  t.is((await api.call('PATCH', '/users/me', change)).body.code, 'insufficient_scope')
  await fixture.storage.users.update(id, { roles: ['admin'] })
  t.is((await api.call('GET', '/admin/users', { token })).body.code, 'insufficient_scope')
  await fixture.storage.users.update(id, { roles: [], bannedAt: 1 })
  t.is((await api.call('GET', '/users/me', { token })).status, 401)
})

onStorages('an anonymous person is marked, until they say who they are', async (t, begin) => {
  const issuer = await startIssuer(t)
  const fixture = await begin({ env: trust(t, issuer, { accepted_by_api: true }) })
  const api = apiOf(fixture)
  const { exchange } = await startExchange(fixture)
  const guest = await issuer.sign({ sub: 'guest', is_anonymous: true })
  const { body } = await exchange(guest)
  const { id } = (await api.call('GET', '/users/me', { token: body['access_token'] })).body
  const read = async () => (await fixture.storage.users.findById(id))!
  t.deepEqual((await read()).metadata.private, { is_anonymous: true })
  await fixture.storage.users.update(id, {
    metadata: { private: { is_anonymous: true, tier: 'gold' } },
  })

  const known = { sub: 'guest', email: 'guest@example.com', email_verified: true }
  await api.call('GET', '/users/me', { token: await issuer.sign(known) })
  const permanent = await read()
  t.deepEqual(permanent.metadata.private, { is_anonymous: false, tier: 'gold' })
  t.like(permanent, { email: 'guest@example.com', emailVerified: true })
  t.is((await exchange(guest)).status, 200)
  t.is((await read()).metadata.private['is_anonymous'], false)
})

test('an account with that address is joined only when the issuer has verified it; otherwise it counts for nothing', async (t) => {
  const issuer = await startIssuer(t)
  const fixture = await start(t, { env: trust(t, issuer) })
  const { exchange } = await startExchange(fixture)
  const person = await fixture.addUser()
  const about = (sub: string, email_verified: unknown) =>
    issuer.sign({ sub, email: person.email, email_verified })
  const whoComes = async (sub: string, email_verified: unknown) => {
    const { body } = await exchange(await about(sub, email_verified))
    return apiOf(fixture).call('GET', '/users/me', { token: body['access_token'] })
  }
  for (const said of [false, undefined, 'true']) {
    const me = await whoComes(`linker-${said}`, said)
    t.not(me.body.id, person.id, String(said))
    t.falsy(me.body.email, String(said))
  }
  const me = await whoComes('linker', true)
  t.is(me.body.id, person.id)
  t.true(me.body.email_verified)
})

test('an issuer that is not trusted with addresses never joins an account', async (t) => {
  const issuer = await startIssuer(t)
  const fixture = await start(t, { env: trust(t, issuer, { trust_email: false }) })
  const { exchange } = await startExchange(fixture)
  const person = await fixture.addUser()
  await fixture.storage.users.update(person.id, { emailVerified: true })
  const claims = { email: person.email, email_verified: true }
  const { body } = await exchange(await issuer.sign(claims))
  const me = await apiOf(fixture).call('GET', '/users/me', { token: body['access_token'] })
  t.not(me.body.id, person.id)
  t.falsy(me.body.email)
})

test('a refresh token is for first-party clients that may refresh; scopes and resources have bounds', async (t) => {
  const issuer = await startIssuer(t)
  const fixture = await start(t, { env: trust(t, issuer) })
  const grant_types = [tokenExchange, 'authorization_code', 'refresh_token']
  const stranger = await startExchange(fixture, { grant_types, first_party: false })
  const token = await issuer.sign()
  t.is((await stranger.exchange(token)).body['refresh_token'], undefined)
  const once = await startExchange(fixture, { grant_types: [tokenExchange] })
  t.is((await once.exchange(token)).body['refresh_token'], undefined)
  const none = await startExchange(fixture, { grant_types: ['authorization_code'] })
  t.is((await none.exchange(token)).status, 400)

  const { exchange } = await startExchange(fixture)
  t.truthy((await exchange(token)).body['refresh_token'])
  const resource = 'https://elsewhere.example'
  t.is((await exchange(token, { resource })).body['error'], 'invalid_target')
  for (const scope of ['admin:users:read', 'account:read admin:users'])
    t.is((await exchange(token, { scope })).body['error'], 'invalid_scope', scope)
  t.is((await exchange(token, { actor_token: 'x' })).body['error'], 'invalid_request')
  const { users } = await fixture.storage.users.list({ limit: 100 })
  const { id } = users.find(({ email }) => email === undefined)!
  await fixture.storage.users.update(id, { roles: ['admin'] })
  t.is((await exchange(token)).body['scope'], 'account:read account:write')
})

test('a client whose tokens must be bound to a key gets none by exchange', async (t) => {
  const issuer = await startIssuer(t)
  const fixture = await start(t, { env: trust(t, issuer) })
  const { exchange } = await startExchange(fixture, { dpop_bound_access_tokens: true })
  const { status, body } = await exchange(await issuer.sign())
  t.is(status, 400)
  t.is(body['error'], 'invalid_request')
  t.regex(body['error_description']!, /bound to a key/)
  t.false('access_token' in body)
})

test('closed registration lets known people in and no others', async (t) => {
  const issuer = await startIssuer(t)
  const fixture = await start(t, { env: { ...trust(t, issuer), REGISTRATION: 'closed' } })
  const { exchange } = await startExchange(fixture)
  t.like((await exchange(await issuer.sign())).body, {
    error: 'invalid_grant',
    error_description: 'there is no account, and registration is closed',
  })
})

test('exchanges of one address are limited, and an issuer that is away answers 503', async (t) => {
  const issuer = await startIssuer(t)
  const env = { ...trust(t, issuer, { accepted_by_api: true }), REQUESTS_PER_MINUTE: '3' }
  const fixture = await start(t, { env })
  const { exchange } = await startExchange(fixture)
  const token = await issuer.sign()
  issuer.behaviour = 'down'
  const away = await exchange(token)
  t.is(away.status, 503)
  t.is(away.body['error'], 'temporarily_unavailable')
  t.is(away.headers.get('retry-after'), '30')
  const direct = await apiOf(fixture).call('GET', '/users/me', { token })
  t.is(direct.status, 503)
  t.is(direct.headers.get('retry-after'), '30')

  await exchange(token)
  await exchange(token)
  const limited = await exchange(token)
  t.is(limited.status, 429)
  t.is(limited.body['error'], 'too_many_requests')
  t.truthy(limited.headers.get('retry-after'))
  t.is(issuer.fetches, 1)
})
