import test from 'ava'
import { addApp, appWith } from '../support/authenticator.ts'
import { apiOf, type Api } from '../support/api.ts'
import { signedIn } from '../flow/journeys.ts'
import { openInbox } from '../support/inbox.ts'
import { start, type Fixture, type Person } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'

const ask = async (api: Api, { email, password }: Person, more: object = {}) =>
  api.call('POST', '/auth/login', { body: { email, password, ...more } })

const mfa = (api: Api, body: Record<string, unknown>) => api.call('POST', '/auth/mfa', { body })

onStorages(
  'a person adds an app, is asked for its code at the next sign-in, and gets in with it',
  async (t, begin) => {
    const inbox = await openInbox(t)
    const fixture = await begin({ env: { SMTP_URL: inbox.url } })
    const api = apiOf(fixture)
    const person = await fixture.addUser()
    const { access_token: token } = await api.login(person)
    const begun = await api.call('POST', '/users/me/factors/totp', { token, body: {} })
    t.is(begun.status, 200)
    t.regex(begun.body.uri, /^otpauth:\/\/totp\/Yumen:.*secret=/)
    t.regex(begun.body.qr_svg, /^<svg /)
    const app = appWith(begun.body.secret)
    const { setup_token } = begun.body
    const confirm = (code: string) =>
      api.call('POST', '/users/me/factors/totp/confirm', {
        token,
        body: { setup_token, code, name: '手机' },
      })
    t.is((await confirm(app.wrong())).body.code, 'invalid_code')
    t.is((await ask(api, person)).status, 200)
    const added = await confirm(app.next())
    t.is(added.status, 201)
    t.is(added.body.recovery_codes.length, 10)
    t.like(added.body.factor, { kind: 'totp', name: '手机', last_used_at: null })
    t.is((await confirm(app.next())).body.code, 'invalid_token')
    t.deepEqual((await inbox.waitFor(/second factor was added/)).to, [person.email])

    const refused = await ask(api, person)
    t.is(refused.status, 403)
    t.like(refused.body, { code: 'mfa_required', expires_in: 300, methods: ['totp', 'recovery'] })
    const { mfa_token } = refused.body
    const code = added.body.recovery_codes[0]
    const wrong = await mfa(api, { mfa_token, method: 'recovery', code: '0000-0000-0000' })
    t.like(wrong.body, { status: 401, code: 'invalid_code' })
    const done = await mfa(api, { mfa_token, method: 'recovery', code })
    t.is(done.status, 200)
    t.is(done.body.user.id, person.id)
    t.is((await api.call('GET', '/users/me', { token: done.body.access_token })).status, 200)
    t.is((await mfa(api, { mfa_token, method: 'totp', code: '123456' })).body.code, 'invalid_token')

    const factors = await api.call('GET', '/users/me/factors', { token })
    t.is(factors.body.recovery_codes_left, 9)
    const { id } = factors.body.factors[0]
    const path = `/users/me/factors/${id}`
    t.is((await api.call('PATCH', path, { token, body: { name: 'old' } })).status, 204)
    t.is((await api.call('DELETE', path, { token, body: {} })).status, 204)
    t.is((await api.call('DELETE', path, { token, body: {} })).status, 404)
    t.deepEqual((await inbox.waitFor(/second factor was removed/)).to, [person.email])
    t.is((await ask(api, person)).status, 200)
    const left = await api.call('GET', '/users/me/factors', { token })
    t.deepEqual(left.body, { factors: [], recovery_codes_left: 0 })
  },
)

test('an app in the place of another leaves the recovery codes that its owner has kept', async (t) => {
  const fixture = await start(t)
  const api = apiOf(fixture)
  const { access_token: token } = await api.login(await fixture.addUser())
  const add = async () => {
    const begun = await api.call('POST', '/users/me/factors/totp', { token, body: {} })
    const { secret, setup_token } = begun.body
    const body = { setup_token, code: appWith(secret).next() }
    return api.call('POST', '/users/me/factors/totp/confirm', { token, body })
  }
  t.is((await add()).body.recovery_codes.length, 10)
  const again = await add()
  t.is(again.status, 201)
  t.falsy(again.body.recovery_codes)
})

test('the operator’s own page adds a passkey for someone without a password soon after they signed in', async (t) => {
  const fixture = await start(t)
  const { person, token } = await tokenOfPage(fixture, { first_party: true })
  await fixture.storage.users.setPasswordHash(person.id, undefined)
  const path = '/users/me/factors/passkeys/options'
  t.is((await apiOf(fixture).call('POST', path, { token, body: {} })).status, 200)
})

test('another’s application adds and removes nothing without the password, and a key never does', async (t) => {
  const fixture = await start(t)
  const api = apiOf(fixture)
  const { person, token } = await tokenOfPage(fixture)
  const { storage } = fixture
  const factor = await storage.factors.add({
    id: 'f1',
    userId: person.id,
    kind: 'passkey',
    key: 'k1',
    name: '',
    data: JSON.stringify({ id: 'AAAA', publicKey: 'AAAA' }),
    counter: 0,
  })
  const routes = [
    ['POST', '/users/me/factors/totp'],
    ['POST', '/users/me/factors/passkeys/options'],
    ['POST', '/users/me/factors/recovery-codes'],
    ['DELETE', `/users/me/factors/${factor.id}`],
  ] as const
  for (const [method, path] of routes) {
    const call = (body: object) => api.call(method, path, { token, body })
    t.is((await call({})).body.code, 'insufficient_user_authentication', path)
    t.is((await call({ current_password: 'wrong' })).body.code, 'invalid_credentials', path)
    const right = await call({ current_password: person.password })
    t.true(right.status < 300, `${path} ${right.status} ${JSON.stringify(right.body)}`)
  }
  const scopes = ['account:read', 'account:write']
  const { access_token: own } = await api.login(person)
  const body = { name: 'k', scopes }
  const key = await api.call('POST', '/users/api-keys', { token: own, body })
  for (const [method, path] of routes) {
    const body = { current_password: person.password }
    const answer = await api.call(method, path, { token: key.body.key, body })
    t.is(answer.body.code, 'forbidden', `${path} ${JSON.stringify(answer.body)}`)
  }
})

test('new recovery codes take the place of the old ones, and need a factor that they stand in for', async (t) => {
  const fixture = await start(t)
  const api = apiOf(fixture)
  const person = await fixture.addUser()
  const { access_token: token } = await api.login(person)
  const make = () => api.call('POST', '/users/me/factors/recovery-codes', { token, body: {} })
  t.is((await make()).body.code, 'no_factor')
  await addApp(fixture, person.id)
  const [first, second] = [await make(), await make()]
  const { mfa_token } = (await ask(api, person)).body
  const old = { mfa_token, method: 'recovery', code: first.body.recovery_codes[0] }
  t.is((await mfa(api, old)).body.code, 'invalid_code')
  const fresh = { mfa_token, method: 'recovery', code: second.body.recovery_codes[0] }
  t.is((await mfa(api, fresh)).status, 200)
})

test('who must have a factor and has none is told to set one up in the browser', async (t) => {
  const fixture = await start(t, { env: { SECOND_FACTOR_FOR_ROLES: 'admin, staff' } })
  const person = await fixture.addUser()
  await fixture.storage.users.update(person.id, { roles: ['staff'] })
  const answer = await ask(apiOf(fixture), person)
  t.like(answer.body, { status: 403, code: 'second_factor_missing' })
  t.false('mfa_token' in answer.body)
})

test('a client that requires two factors gets no tokens for one', async (t) => {
  const fixture = await start(t)
  const person = await fixture.addUser()
  const metadata = { first_party: true, token_endpoint_auth_method: 'none' }
  const own = await fixture.addClient({ ...metadata, require_acr: 'urn:yumen:acr:2' })
  const api = apiOf(fixture)
  t.is((await ask(api, person, { client_id: own.id })).body.code, 'second_factor_missing')
  const app = await addApp(fixture, person.id)
  const { mfa_token } = (await ask(api, person, { client_id: own.id })).body
  const done = await mfa(api, { mfa_token, method: 'totp', code: app.next() })
  t.is(done.status, 200)
  t.is(JSON.parse(atob(done.body.access_token.split('.')[1])).client_id, own.id)
})

test('remembered devices are listed and forgotten by their owner alone', async (t) => {
  const fixture = await start(t)
  const { rememberedDevices } = fixture.server.services.strongSignIn
  const api = apiOf(fixture)
  const [person, other] = [await fixture.addUser(), await fixture.addUser()]
  const [mine, theirs] = [await api.login(person), await api.login(other)]
  const path = '/users/me/remembered-devices'
  for (const agent of ['one', 'two'])
    await rememberedDevices.remember({ userId: person.id }, { address: '192.0.2.1', agent })
  const listed = await api.call('GET', path, { token: mine.access_token })
  t.deepEqual(listed.body.devices.map(({ agent }: { agent: string }) => agent).toSorted(), [
    'one',
    'two',
  ])
  const one = `${path}/${listed.body.devices[0].id}`
  t.is((await api.call('DELETE', one, { token: theirs.access_token })).status, 404)
  t.is((await api.call('DELETE', one, { token: mine.access_token })).status, 204)
  t.is((await rememberedDevices.list(person.id)).length, 1)
  t.is((await api.call('DELETE', path, { token: mine.access_token })).status, 204)
  t.is((await rememberedDevices.list(person.id)).length, 0)
})

/** A token for our API that a page got by the code flow. */
async function tokenOfPage(fixture: Fixture, client: Record<string, unknown> = {}) {
  const resource = fixture.config.API_RESOURCE
  const request = { resource, scope: 'openid account:read account:write' }
  const { person, tokens } = await signedIn(fixture, { client, request, redeem: { resource } })
  return { person, token: tokens.access_token }
}
