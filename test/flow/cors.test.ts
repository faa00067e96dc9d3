import test from 'ava'
import { start } from '../support/start.ts'
import { offline, signedIn } from './journeys.ts'

const app = 'http://app.example'
const foreign = 'http://evil.example'
const client = { token_endpoint_auth_method: 'none', allowed_cors_origins: [app] }

const allowed = (response: Response): string | null =>
  response.headers.get('access-control-allow-origin')

test('a preflight is answered at once, with the origin, and without credentials', async (t) => {
  const { issuer } = await start(t)
  for (const [path, method] of [
    ['token', 'POST'],
    ['userinfo', 'GET'],
    ['revoke', 'POST'],
    ['par', 'POST'],
  ] as const) {
    const response = await fetch(`${issuer}/oauth/${path}`, {
      method: 'OPTIONS',
      headers: {
        origin: app,
        'access-control-request-method': method,
        'access-control-request-headers': 'authorization,content-type,dpop',
      },
    })
    t.is(response.status, 204, path)
    t.is(allowed(response), app)
    t.regex(response.headers.get('access-control-allow-methods') ?? '', new RegExp(method))
    t.regex(response.headers.get('access-control-allow-headers') ?? '', /dpop/)
    t.is(response.headers.get('access-control-allow-credentials'), null)
  }
})

test('a page of a registered origin may refresh, revoke and ask for userinfo', async (t) => {
  const fixture = await start(t)
  const { client: who, tokens } = await signedIn(fixture, { client, request: offline })
  const refreshed = await fetch(`${fixture.issuer}/oauth/token`, {
    method: 'POST',
    headers: { origin: app },
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: who.id,
      refresh_token: tokens.refresh_token!,
    }),
  })
  t.is(refreshed.status, 200)
  t.is(allowed(refreshed), app)
  t.is(refreshed.headers.get('access-control-allow-credentials'), null)
  t.regex(refreshed.headers.get('vary') ?? '', /origin/i)
  const { access_token } = (await refreshed.json()) as { access_token: string }

  const userinfo = await fetch(`${fixture.issuer}/oauth/userinfo`, {
    headers: { origin: app, authorization: `Bearer ${access_token}` },
  })
  t.is(userinfo.status, 200)
  t.is(allowed(userinfo), app)
  t.regex(userinfo.headers.get('access-control-expose-headers') ?? '', /www-authenticate/i)
  const revoked = await fetch(`${fixture.issuer}/oauth/revoke`, {
    method: 'POST',
    headers: { origin: app },
    body: new URLSearchParams({ client_id: who.id, token: access_token }),
  })
  t.is(revoked.status, 200)
  t.is(allowed(revoked), app)
})

test('a page of another origin gets nothing, and the browser may not read the refusal', async (t) => {
  const fixture = await start(t)
  const { client: who, tokens } = await signedIn(fixture, { client, request: offline })
  for (const origin of [foreign, 'null', `${app}.evil.example`, 'https://app.example']) {
    const body = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: who.id,
      refresh_token: tokens.refresh_token!,
    })
    const token = await fetch(`${fixture.issuer}/oauth/token`, {
      method: 'POST',
      headers: { origin },
      body,
    })
    t.is(token.status, 400, origin)
    t.is(allowed(token), null, origin)
    t.false('access_token' in ((await token.json()) as object))

    const userinfo = await fetch(`${fixture.issuer}/oauth/userinfo`, {
      headers: { origin, authorization: `Bearer ${tokens.access_token}` },
    })
    t.not(userinfo.status, 200)
    t.is(allowed(userinfo), null)
  }
})

test('a client without registered origins serves no page at all', async (t) => {
  const fixture = await start(t)
  const { tokens } = await signedIn(fixture)
  const response = await fetch(`${fixture.issuer}/oauth/userinfo`, {
    headers: { origin: 'http://client.example', authorization: `Bearer ${tokens.access_token}` },
  })
  t.not(response.status, 200)
  t.is(allowed(response), null)
})

test('metadata and keys are open to every origin, pages and health to none', async (t) => {
  const { issuer } = await start(t)
  for (const path of [
    '.well-known/openid-configuration',
    '.well-known/oauth-authorization-server',
    '.well-known/jwks.json',
    'oauth/jwks',
  ]) {
    const response = await fetch(`${issuer}/${path}`, { headers: { origin: foreign } })
    t.is(response.status, 200)
    t.regex(allowed(response) ?? '', /^(\*|http:\/\/evil\.example)$/, path)
    t.is(response.headers.get('access-control-allow-credentials'), null)
  }
  for (const path of ['', 'health', 'device', 'oauth/logout']) {
    const response = await fetch(`${issuer}/${path}`, { headers: { origin: foreign } })
    t.is(allowed(response), null, path)
  }
})
