import test from 'ava'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import * as oidc from 'openid-client'
import { createBrowser, relyingParty, signIn } from '../support/relying-party.ts'
import { callback, start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { machine, offline, post, signedIn } from './journeys.ts'

onStorages('under a path the whole journey stays under it', async (t, begin) => {
  const fixture = await begin({ path: '/sso' })
  t.regex(fixture.issuer, /\/sso$/)
  const person = await fixture.addUser()
  const goodbye = 'http://client.example/goodbye'
  const party = await relyingParty(
    fixture,
    await fixture.addClient({ post_logout_redirect_uris: [goodbye] }),
  )
  const pending = await party.begin({ ...offline, scope: 'openid email offline_access' })
  const browser = createBrowser(fixture.issuer)
  const login = await browser.open(pending.url.href)
  t.regex(login.url.pathname, /^\/sso\/interaction\//)
  const consent = await signIn(login, person)
  t.regex(consent.url.pathname, /^\/sso\/interaction\//)
  const { left } = await consent.submit('/consent')
  t.is(left?.searchParams.get('iss'), fixture.issuer)

  const tokens = await pending.redeem(left!)
  t.is(tokens.claims()?.iss, fixture.issuer)
  const next = await oidc.refreshTokenGrant(party.config, tokens.refresh_token!)
  const userinfo = await oidc.fetchUserInfo(party.config, next.access_token, person.id)
  t.is(userinfo.email, person.email)
  const page = await browser.open(
    oidc.buildEndSessionUrl(party.config, {
      id_token_hint: tokens.id_token!,
      post_logout_redirect_uri: goodbye,
    }).href,
  )
  t.is((await page.submit('op.logoutForm', { logout: 'yes' })).left?.href, goodbye)
})

test('under a path every cookie and every link of a page stays under it', async (t) => {
  const fixture = await start(t, { path: '/sso' })
  const party = await relyingParty(fixture, await fixture.addClient())
  const browser = createBrowser(fixture.issuer)
  const login = await browser.open((await party.begin()).url.href)
  const links = [...login.html.matchAll(/(?:href|src|action)="(\/[^"]*)"/g)].map(([, to]) => to!)
  t.true(links.length > 3)
  for (const link of links) t.true(link.startsWith('/sso/'), link)
  for (const link of links.filter((to) => to.includes('/assets/'))) {
    t.is((await fetch(new URL(link, fixture.issuer))).status, 200, link)
  }
  const cookies = await browser.jar.getCookies(login.url.href)
  t.true(cookies.some(({ key, path }) => key === 'yumen_interaction' && path!.startsWith('/sso/')))
})

test('under a path the metadata is at both of its well-known addresses', async (t) => {
  const { issuer } = await start(t, { path: '/sso' })
  const { origin } = new URL(issuer)
  const documents = await Promise.all(
    [
      `${issuer}/.well-known/openid-configuration`,
      `${issuer}/.well-known/oauth-authorization-server`,
      `${origin}/.well-known/oauth-authorization-server/sso`,
    ].map(async (url) => {
      const response = await fetch(url)
      t.is(response.status, 200, url)
      return (await response.json()) as Record<string, unknown>
    }),
  )
  t.deepEqual(documents[0], documents[1])
  t.deepEqual(documents[0], documents[2])
  t.is(documents[0]!['issuer'], issuer)
  t.is(documents[0]!['token_endpoint'], `${issuer}/oauth/token`)
  t.is((await fetch(`${issuer}/.well-known/jwks.json`)).status, 200)

  const found = await oidc.discovery(new URL(issuer), 'x', undefined, oidc.None(), {
    algorithm: 'oauth2',
    execute: [oidc.allowInsecureRequests],
  })
  t.is(found.serverMetadata().issuer, issuer)
})

test('outside the path there is nothing', async (t) => {
  const { issuer } = await start(t, { path: '/sso' })
  const { origin } = new URL(issuer)
  for (const path of [
    '/',
    '/oauth/jwks',
    '/.well-known/openid-configuration',
    '/.well-known/oauth-authorization-server',
    '/.well-known/oauth-authorization-server/other',
    '/ssoo/oauth/jwks',
    '/api/v1/oauth/jwks',
    '/health',
  ]) {
    t.is((await fetch(origin + path)).status, 404, path)
  }
})

for (const path of ['', '/sso']) {
  test(`the endpoints are under ${path}/api/v1/oauth too`, async (t) => {
    const fixture = await start(t, path ? { path } : {})
    const alias = `${fixture.issuer}/api/v1/oauth`
    const client = await fixture.addClient(machine)
    const granted = await post(`${alias}/token`, client, { grant_type: 'client_credentials' })
    t.is(granted.status, 200)
    const { access_token } = (await granted.json()) as { access_token: string }
    const seen = await post(`${alias}/introspect`, client, { token: access_token })
    t.like(await seen.json(), { active: true })
    t.is((await post(`${alias}/revoke`, client, { token: access_token })).status, 200)

    const { tokens, person } = await signedIn(fixture)
    const userinfo = await fetch(`${alias}/userinfo`, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    })
    t.like(await userinfo.json(), { sub: person.id })

    const jwks = createRemoteJWKSet(new URL(`${alias}/jwks`))
    await t.notThrowsAsync(jwtVerify(tokens.id_token!, jwks, { issuer: fixture.issuer }))
  })
}

test('an authorization that begins at the alias goes on under the names of discovery', async (t) => {
  const fixture = await start(t)
  const person = await fixture.addUser()
  const party = await relyingParty(fixture, await fixture.addClient())
  const pending = await party.begin()
  const url = pending.url.href.replace('/oauth/authorize', '/api/v1/oauth/authorize')
  const login = await createBrowser(fixture.issuer).open(url)
  const { left } = await (await signIn(login, person)).submit('/consent')
  t.is(`${left!.origin}${left!.pathname}`, callback)
  t.is((await pending.redeem(left!)).claims()?.sub, person.id)
})

test('behind TLS the cookies are Secure, and the session’s belongs to this host alone', async (t) => {
  const { server, config, addClient } = await start(t, {
    env: { ISSUER: 'https://id.example.com' },
  })
  const { id } = await addClient()
  const query = new URLSearchParams({
    client_id: id,
    response_type: 'code',
    redirect_uri: callback,
    scope: 'openid',
    code_challenge: 'a'.repeat(43),
    code_challenge_method: 'S256',
  })
  const response = await fetch(
    `http://127.0.0.1:${server.port}/oauth/authorize?${query.toString()}`,
    { redirect: 'manual' },
  )
  t.is(response.status, 303)
  t.regex(response.headers.get('location')!, /^(https:\/\/id\.example\.com)?\/interaction\//)
  t.is(response.headers.get('strict-transport-security'), 'max-age=31536000')
  const cookies = response.headers.getSetCookie()
  t.true(cookies.length >= 2)
  for (const cookie of cookies) t.regex(cookie, /; secure/i)
  for (const cookie of cookies) t.regex(cookie, /^__(Secure|Host)-yumen_/)
  t.is(config.basePath, '')
})
