import test from 'ava'
import { apiKeyType } from '#oidc/exchange-api-key.ts'
import { tokenExchange } from '#oidc/token-exchange.ts'
import { apiOf } from '../support/api.ts'
import { createBrowser } from '../support/browser.ts'
import { openInbox } from '../support/inbox.ts'
import { start, type Fixture } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { introspect, newCast, obtainCode, offline, post, redeem, refresh, send } from './journey.ts'

/** authentik CVE-2025-53942: a deactivated user could still sign in by another way than the one that was closed. */

/** Everything that someone can hold who was let in, in every form that we give out. */
async function everyWayIn(fixture: Fixture) {
  const resource = fixture.config.API_RESOURCE
  const browser = createBrowser(fixture.issuer)
  const cast = {
    ...(await newCast(fixture, {
      grant_types: ['authorization_code', 'refresh_token', tokenExchange],
      introspection_resources: [resource],
    })),
    browser,
  }
  const { person } = cast
  const api = apiOf(fixture)
  const own = await api.login(person)
  const { body: key } = await api.call('POST', '/users/api-keys', {
    token: own.access_token,
    body: { name: 'ci', scopes: ['account:read'] },
  })
  const opaque = (await redeem(cast, await obtainCode(cast, offline))).json
  const jwt = (
    await redeem(cast, await obtainCode(cast, { scope: 'openid account:read', resource }), {
      fields: { resource },
    })
  ).json
  const exchange = () =>
    post(`${fixture.issuer}/oauth/token`, cast.client, {
      grant_type: tokenExchange,
      subject_token: String(key.key),
      subject_token_type: apiKeyType,
    })
  const exchanged = (await exchange()).json
  const code = await obtainCode(cast)

  const userinfo = () =>
    send(`${fixture.issuer}/oauth/userinfo`, {
      headers: { authorization: `Bearer ${String(opaque['access_token'])}` },
    })
  const me = (token: string) => api.call('GET', '/users/me', { token })
  const statuses = async () => ({
    password: (await api.call('POST', '/auth/login', { body: person })).status,
    jwt: (await me(own.access_token)).status,
    jwtOfClient: (await me(String(jwt['access_token']))).status,
    jwtOfKey: (await me(String(exchanged['access_token']))).status,
    key: (await api.call('GET', '/users/me', { headers: { 'x-api-key': key.key } })).status,
    opaque: (await userinfo()).status,
    exchange: (await exchange()).status,
  })
  const tokens = [
    own.access_token,
    jwt['access_token'],
    exchanged['access_token'],
    opaque['access_token'],
    opaque['refresh_token'],
    key.key,
  ].map(String)
  return {
    person,
    statuses,
    active: () =>
      Promise.all(tokens.map(async (token) => (await introspect(cast, token))['active'])),
    verified: async () => {
      const { id, secret } = cast.client
      const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
      const verdicts = await Promise.all(
        tokens
          .slice(0, 3)
          .concat(tokens.at(-1)!)
          .map((token) =>
            api.call('POST', '/auth/verify', { body: { token }, headers: { authorization } }),
          ),
      )
      return verdicts.map(({ body }) => body.valid as boolean)
    },
    /** What can be used only once. */
    last: async () => ({
      refresh: (
        await api.call('POST', '/auth/refresh', { body: { refresh_token: own.refresh_token } })
      ).status,
      refreshOfClient: (await refresh(cast, String(opaque['refresh_token']))).status,
      code: (await redeem(cast, code)).status,
      browser: (await obtainPage()).includes('name="password"'),
    }),
  }
  async function obtainPage(): Promise<string> {
    const url = `${fixture.issuer}/oauth/authorize?client_id=${cast.client.id}&redirect_uri=${encodeURIComponent('http://client.example/callback')}&response_type=code&scope=openid&code_challenge=${'a'.repeat(43)}&code_challenge_method=S256`
    return (await browser.open(url)).html
  }
}

test('a ban counts before the sign-ins have ended, should the server die in between', async (t) => {
  const fixture = await start(t)
  const { person, ...ways } = await everyWayIn(fixture)
  await fixture.storage.users.update(person.id, { bannedAt: Date.now() })
  const { exchange, ...rest } = await ways.statuses()
  t.is(exchange, 400)
  t.deepEqual(new Set(Object.values(rest)), new Set([401]), JSON.stringify(rest))
  const { refresh, refreshOfClient, code } = await ways.last()
  t.deepEqual({ refresh, refreshOfClient, code }, { refresh: 401, refreshOfClient: 400, code: 400 })
})

onStorages('a banned person is out at once, by whatever way they had come in', async (t, begin) => {
  const admin = { email: 'root@example.com', password: 'the first of them all' }
  const inbox = await openInbox(t)
  const env = {
    ADMIN_EMAIL: admin.email,
    ADMIN_PASSWORD: admin.password,
    SMTP_URL: inbox.url,
  }
  const fixture = await begin({ env })
  const { person, ...ways } = await everyWayIn(fixture)
  t.deepEqual(new Set(Object.values(await ways.statuses())), new Set([200]))
  t.deepEqual(new Set(await ways.active()), new Set([true]))
  t.deepEqual(new Set(await ways.verified()), new Set([true]))

  const api = apiOf(fixture)
  const { access_token: token } = await api.login(admin)
  const ban = await api.call('POST', `/admin/users/${person.id}/ban`, { token, body: {} })
  t.is(ban.status, 200)

  const { exchange, ...rest } = await ways.statuses()
  t.is(exchange, 400)
  t.deepEqual(new Set(Object.values(rest)), new Set([401]), JSON.stringify(rest))
  t.deepEqual(new Set(await ways.active()), new Set([false]))
  t.deepEqual(new Set(await ways.verified()), new Set([false]))
  t.deepEqual(await ways.last(), {
    refresh: 401,
    refreshOfClient: 400,
    code: 400,
    browser: true,
  })
  const reset = await api.call('POST', '/auth/forgot-password', { body: { email: person.email } })
  t.is(reset.status, 202)
  await fixture.server.services.mail.queue.work()
  t.deepEqual((await fixture.storage.mailQueue.list({ limit: 9 })).mails, [])
  t.false(inbox.received.some(({ text }) => text.includes('/reset-password')))
})
