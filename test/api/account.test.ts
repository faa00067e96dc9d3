import test from 'ava'
import { addApp } from '../support/authenticator.ts'
import { apiOf } from '../support/api.ts'
import { authorize, createBrowser, relyingParty } from '../support/relying-party.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'

onStorages(
  'a person reads and changes their profile, emoji and Chinese included',
  async (t, begin) => {
    const fixture = await begin()
    const api = apiOf(fixture)
    const { access_token: token } = await api.login(await fixture.addUser())
    const change = {
      username: 'xiaoming',
      nickname: '小明 🌱',
      locale: 'zh-CN',
      phone: '+8613800000000',
      metadata: { public: { 颜色: '青' } },
    }
    const changed = await api.call('PATCH', '/users/me', { token, body: change })
    t.is(changed.status, 200)
    const { body: me } = await api.call('GET', '/users/me', { token })
    t.like(me, { ...change, metadata: { public: { 颜色: '青' }, private: {} } })
    const emptied = await api.call('PUT', '/users/me', { token, body: { phone: null } })
    t.is(emptied.body.phone, null)
    t.is(emptied.body.nickname, '小明 🌱')
  },
)

test('what is not the person’s to write is refused, and stays as it was', async (t) => {
  const fixture = await start(t)
  const api = apiOf(fixture)
  const { access_token: token } = await api.login(await fixture.addUser())
  const { body: before } = await api.call('GET', '/users/me', { token })
  const privileged = {
    role: 'admin',
    roles: ['admin'],
    is_active: false,
    is_premium: true,
    email_verified: true,
    id: 'x',
    points: 9,
    email: 'a@b.example',
    metadata: { private: { is_premium: true } },
  }
  for (const [field, value] of Object.entries(privileged)) {
    t.is(
      (await api.call('PATCH', '/users/me', { token, body: { [field]: value } })).status,
      422,
      field,
    )
  }
  const { body: after } = await api.call('GET', '/users/me', { token })
  t.deepEqual(after, before)
})

test('a taken username is 409, and a bad value names its field', async (t) => {
  const fixture = await start(t)
  const api = apiOf(fixture)
  await fixture.addUser({ username: 'taken' })
  const { access_token: token } = await api.login(await fixture.addUser())
  t.is((await api.call('PATCH', '/users/me', { token, body: { username: 'TAKEN' } })).status, 409)
  const bad = await api.call('PATCH', '/users/me', {
    token,
    body: { avatar_url: 'javascript:alert(1)' },
  })
  t.is(bad.body.errors[0].path, 'body.avatar_url')
})

onStorages('a changed password ends the other sign-ins and keeps this one', async (t, begin) => {
  const fixture = await begin()
  const person = await fixture.addUser()
  const api = apiOf(fixture)
  const [here, there] = [await api.login(person), await api.login(person)]
  const change = (current: string, next: string) =>
    api.call('POST', '/users/me/password', {
      token: here.access_token,
      body: { current_password: current, new_password: next },
    })
  t.is((await change('wrong', 'a new password')).body.code, 'invalid_credentials')
  t.is((await change(person.password, 'short')).status, 422)
  t.is((await change(person.password, 'a new password')).status, 200)
  t.is((await api.call('GET', '/users/me', { token: here.access_token })).status, 200)
  t.is((await api.call('GET', '/users/me', { token: there.access_token })).status, 401)
  t.truthy(await api.login({ ...person, password: 'a new password' }))
})

onStorages(
  'who holds a token guesses the password nowhere oftener than at the sign-in',
  async (t, begin) => {
    const fixture = await begin({ env: { LOGIN_MAX_FAILURES: '3' } })
    const person = await fixture.addUser()
    const api = apiOf(fixture)
    const { access_token: token } = await api.login(person)
    const places = (password: string) =>
      [
        ['/users/me/password', { current_password: password, new_password: 'a new password' }],
        ['/users/me/email', { password, email: 'new@example.com' }],
        ['/users/me/factors/totp', { current_password: password }],
      ] as const
    const tell = (path: string, body: object) => api.call('POST', path, { token, body })
    for (const [path, body] of places('wrong'))
      t.is((await tell(path, body)).body.code, 'invalid_credentials', path)
    // They are counted together; now the right one is refused too, and in the same words.
    for (const [path, body] of places(person.password))
      t.is((await tell(path, body)).body.code, 'invalid_credentials', path)
  },
)

onStorages('sign-ins and connected apps are listed, and end one by one', async (t, begin) => {
  const fixture = await begin()
  const person = await fixture.addUser()
  const api = apiOf(fixture)
  const { access_token: token } = await api.login(person)
  const client = await fixture.addClient({ client_name: 'Acme Notes' })
  const party = await relyingParty(fixture, client)
  const pending = await party.begin({ scope: 'openid email offline_access', prompt: 'consent' })
  const browser = createBrowser(fixture.issuer, { 'user-agent': 'Firefox' })
  const tokens = await pending.redeem(await authorize(browser, pending.url, person))

  const { sessions } = (await api.call('GET', '/users/me/sessions', { token })).body
  t.deepEqual(sessions.map(({ kind }: { kind: string }) => kind).sort(), ['app', 'browser'])
  const browserSession = sessions.find(({ kind }: { kind: string }) => kind === 'browser')
  t.like(browserSession, { agent: 'Firefox', address: '127.0.0.1', is_current: false })
  t.is((await api.call('DELETE', `/users/me/sessions/${browserSession.id}`, { token })).status, 204)
  t.is((await api.call('DELETE', `/users/me/sessions/${browserSession.id}`, { token })).status, 404)
  t.regex((await browser.open((await party.begin()).url.href)).text, /Sign in/)

  const { grants } = (await api.call('GET', '/users/me/grants', { token })).body
  t.like(
    grants.find(({ client_id: id }: { client_id: string }) => id === client.id),
    { client_name: 'Acme Notes' },
  )
  t.is((await api.call('DELETE', `/users/me/grants/${client.id}`, { token })).status, 204)
  const refused = await fetch(`${fixture.issuer}/oauth/userinfo`, {
    headers: { authorization: `Bearer ${tokens.access_token}` },
  })
  t.is(refused.status, 401)

  t.is((await api.call('DELETE', '/users/me/sessions', { token })).status, 204)
  t.is((await api.call('GET', '/users/me', { token })).status, 401)
})

onStorages('a ban ends everything at once', async (t, begin) => {
  const fixture = await begin()
  const person = await fixture.addUser()
  const api = apiOf(fixture)
  const { access_token: token, refresh_token } = await api.login(person)
  const { body: key } = await api.call('POST', '/users/api-keys', {
    token,
    body: { name: 'ci', scopes: ['account:read'] },
  })
  const party = await relyingParty(fixture, await fixture.addClient())
  const pending = await party.begin()
  const browser = createBrowser(fixture.issuer)
  const opaque = (await pending.redeem(await authorize(browser, pending.url, person))).access_token

  await fixture.storage.users.update(person.id, { bannedAt: Date.now() })
  t.is((await api.call('POST', '/auth/login', { body: person })).status, 401)
  t.is((await api.call('GET', '/users/me', { token })).status, 401)
  t.is((await api.call('GET', '/users/me', { headers: { 'x-api-key': key.key } })).status, 401)
  t.is((await api.call('POST', '/auth/refresh', { body: { refresh_token } })).status, 401)
  const userinfo = await fetch(`${fixture.issuer}/oauth/userinfo`, {
    headers: { authorization: `Bearer ${opaque}` },
  })
  t.is(userinfo.status, 401)
  t.regex((await browser.open((await party.begin()).url.href)).text, /Sign in/)
})

test('an account to be erased ends its sign-ins, and is saved by signing in again', async (t) => {
  const fixture = await start(t)
  const person = await fixture.addUser()
  const api = apiOf(fixture)
  const { access_token: token } = await api.login(person)
  const answer = await api.call('DELETE', '/users/me', { token })
  t.is(answer.status, 202)
  t.true(Date.parse(answer.body.erase_at) > Date.now())
  t.is((await api.call('GET', '/users/me', { token })).status, 401)
  t.truthy((await fixture.storage.users.findById(person.id))?.eraseAt)
  await api.login(person)
  t.is((await fixture.storage.users.findById(person.id))?.eraseAt, undefined)
})

test('the export holds the user, the sign-ins and all that they sign in with', async (t) => {
  const fixture = await start(t)
  const person = await fixture.addUser()
  const profile = { nickname: '李华' }
  const seen = { provider: 'github', appId: 'notes', subject: '1', profile }
  await fixture.storage.identities.link(person.id, seen)
  const api = apiOf(fixture)
  const { access_token: token } = await api.login(person)
  const { status, body } = await api.call('GET', '/users/me/export', { token })
  t.is(status, 200)
  t.is(body.user.email, person.email)
  t.like(body.user.identities[0], { provider: 'github', subject: '1' })
  t.is(body.sessions.length, 1)
  await addApp(fixture, person.id)
  const later = (await api.call('GET', '/users/me/export', { token })).body
  t.is(later.factors[0].kind, 'totp')
  t.deepEqual(later.remembered_devices, [])
  // What would let someone in is not of the export.
  t.false(/secret|hash|public_?key/i.test(JSON.stringify(later)))
})
