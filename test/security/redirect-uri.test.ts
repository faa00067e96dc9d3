import test, { type ExecutionContext } from 'ava'
import { validateClient } from '#oidc/clients.ts'
import { start } from '../support/start.ts'
import { staysHome } from './clean.ts'
import { authorizeUrl, post, send, type TestClient } from './journey.ts'
import { sharedServer } from './shared-server.ts'
import { mutations } from './uri-mutations.ts'

/** authentik CVE-2024-52289: a stored redirect URI was used as a regular expression. */

const server = sharedServer()

const web = [
  'https://app.example/callback',
  'https://app.example:8443/a.b/callback?tenant=1&x=%2F',
  'https://app.example',
]
const native = [
  'http://127.0.0.1/callback',
  'http://[::1]:8080/callback',
  'com.example.app:/callback',
]

async function isRefused(t: ExecutionContext, client: TestClient, uri: string): Promise<void> {
  const url = authorizeUrl(server(), client, { redirect_uri: uri })
  for (const prompt of [undefined, 'none']) {
    if (prompt) url.searchParams.set('prompt', prompt)
    const answer = await send(url, { headers: { accept: 'text/html' } })
    t.is(answer.status, 400, uri)
    t.is(answer.headers.get('location'), null, uri)
    staysHome(t, answer, { base: url.href, label: uri })
  }
}

const isAccepted = async (t: ExecutionContext, client: TestClient, uri: string): Promise<void> => {
  const answer = await send(authorizeUrl(server(), client, { redirect_uri: uri }))
  t.is(answer.status, 303, uri)
  t.regex(answer.headers.get('location') ?? '', /^\/interaction\//)
}

for (const uri of web) {
  test(`${uri} is compared byte by byte`, async (t) => {
    const client = await server().addClient({ redirect_uris: [uri] })
    await isAccepted(t, client, uri)
    for (const other of mutations(uri)) await isRefused(t, client, other)
  })
}

/** The URI with any other port is the same one for a native application (RFC 8252 §7.3). */
const portless = (uri: string): string =>
  uri.replace(/^(http:\/\/(?:\[[^\]]*\]|[^:/]*)):\d*(?=\/)/, '$1')

for (const uri of native) {
  test(`${uri} of a native application is compared byte by byte, but for a loopback port`, async (t) => {
    const client = await server().addClient({ redirect_uris: [uri], application_type: 'native' })
    await isAccepted(t, client, uri)
    const others = mutations(uri).filter((other) => portless(other) !== portless(uri))
    for (const other of others) await isRefused(t, client, other)
  })
}

test('a native application may be called back at any loopback port', async (t) => {
  const redirect_uris = ['http://127.0.0.1/callback', 'http://[::1]:8080/callback']
  const client = await server().addClient({ redirect_uris, application_type: 'native' })
  for (const uri of [
    'http://127.0.0.1:51234/callback',
    'http://[::1]:51234/callback',
    'http://[::1]/callback',
  ])
    await isAccepted(t, client, uri)
  for (const uri of [
    'http://localhost:51234/callback',
    'http://127.0.0.2/callback',
    'https://127.0.0.1/callback',
  ])
    await isRefused(t, client, uri)
})

test('a web application may not, and no other host has the exemption', async (t) => {
  const local = await server().addClient({ redirect_uris: ['http://127.0.0.1:3000/callback'] })
  await isAccepted(t, local, 'http://127.0.0.1:3000/callback')
  await isRefused(t, local, 'http://127.0.0.1:3001/callback')
  await isRefused(t, local, 'http://127.0.0.1/callback')
  const claimed = { redirect_uris: ['https://app.example/callback'], application_type: 'native' }
  await isRefused(t, await server().addClient(claimed), 'https://app.example:8443/callback')
})

test('a pushed request with another redirect URI is refused', async (t) => {
  const client = await server().addClient({ redirect_uris: [web[0]!] })
  const push = (redirect_uri: string) =>
    post(
      `${server().issuer}/oauth/par`,
      client,
      authorizeUrl(server(), client, { redirect_uri }).searchParams,
    )
  t.is((await push(web[0]!)).status, 201)
  for (const uri of mutations(web[0]!)) t.is((await push(uri)).status, 400, uri)
})

test('the address after logout is compared byte by byte, and never taken without a client', async (t) => {
  const uri = 'https://app.example/bye'
  const client = await server().addClient({ post_logout_redirect_uris: [uri] })
  const logout = (parameters: Record<string, string>) =>
    send(`${server().issuer}/oauth/logout?${new URLSearchParams(parameters).toString()}`, {
      headers: { accept: 'text/html' },
    })
  t.is((await logout({ client_id: client.id, post_logout_redirect_uri: uri })).status, 200)
  for (const other of mutations(uri)) {
    const answer = await logout({ client_id: client.id, post_logout_redirect_uri: other })
    t.is(answer.status, 400, other)
    const anonymous = await logout({ post_logout_redirect_uri: other })
    staysHome(t, anonymous, { base: server().issuer, label: other })
  }
})

test('where the issuer is https, http is registered for loopback alone', async (t) => {
  const { server } = await start(t, { env: { ISSUER: 'https://id.example.com' } })
  const register = (field: string, uri: string): Promise<void> =>
    validateClient(server.app.engine.provider, {
      client_id: 'app',
      token_endpoint_auth_method: 'none',
      redirect_uris: ['https://app.example/callback'],
      [field]: [uri],
    })
  for (const field of ['redirect_uris', 'post_logout_redirect_uris']) {
    for (const host of ['localhost', 'localhost:3000', '127.0.0.1:80', '[::1]'])
      await t.notThrowsAsync(register(field, `http://${host}/callback`), host)
    for (const host of [
      'app.example',
      '10.0.0.5',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
    ])
      await t.throwsAsync(register(field, `http://${host}/callback`), { message: /invalid_/ }, host)
  }
})
