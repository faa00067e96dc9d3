import type { ExecutionContext } from 'ava'
import test from 'ava'
import { sha256 } from '#lib/hashing.ts'
import {
  authorizeUrl,
  basic,
  newCast,
  newVerifier,
  obtainCode,
  post,
  redeem,
  send,
  type Answer,
} from '../security/journey.ts'
import { sharedServer } from '../security/shared-server.ts'
import { isClean } from '../security/clean.ts'
import { createBrowser } from '../support/browser.ts'
import { onStorages } from '../support/storages.ts'
import { callback } from '../support/start.ts'

const server = sharedServer()
const html = { headers: { accept: 'text/html' } }

/** A page for a person; the browser is not sent anywhere. */
function isErrorPage(t: ExecutionContext, answer: Answer, sentence: RegExp): void {
  isClean(t, answer, String(sentence))
  t.is(answer.status, 400)
  t.is(answer.headers.get('location'), null)
  t.regex(answer.text, sentence)
}

/** An error for the application: RFC 6749 §4.1.2.1 at the redirect. */
function isSentBack(t: ExecutionContext, { headers }: Answer, error: string): void {
  const location = new URL(headers.get('location') ?? 'about:blank')
  t.true(location.href.startsWith(`${callback}?`), location.href)
  t.is(location.searchParams.get('error'), error)
  t.is(location.searchParams.get('state'), 'a-state')
  t.is(location.searchParams.get('iss'), server().issuer)
}

/** An error for a client: RFC 6749 §5.2. */
function isRefused(t: ExecutionContext, answer: Answer, error: string, status = 400): void {
  isClean(t, answer, error)
  t.is(answer.status, status)
  t.is(answer.json['error'], error)
  t.is(answer.headers.get('cache-control'), 'no-store')
}

test('an unknown client gets an error page', async (t) => {
  const url = authorizeUrl(server(), { id: 'nobody', secret: undefined })
  isErrorPage(t, await send(url, html), /not registered here/)
})

test('an unregistered redirect URI gets an error page, also when something else is wrong', async (t) => {
  const client = await server().addClient()
  for (const more of [
    {},
    { scope: 'nonsense' },
    { code_challenge: undefined },
    { prompt: 'none' },
  ]) {
    const redirect_uri = 'https://evil.example/callback'
    const url = authorizeUrl(server(), client, { redirect_uri, ...more })
    isErrorPage(t, await send(url, html), /not registered for it/)
  }
})

test('a redirect URI that is left out gets an error page', async (t) => {
  const url = authorizeUrl(server(), await server().addClient(), { redirect_uri: undefined })
  isErrorPage(t, await send(url, html), /redirect_uri/)
})

test('a request without PKCE goes back to the application as invalid_request', async (t) => {
  const client = await server().addClient()
  const without = { code_challenge: undefined, code_challenge_method: undefined }
  isSentBack(t, await send(authorizeUrl(server(), client, without)), 'invalid_request')
})

test('a parameter that comes twice is refused', async (t) => {
  const client = await server().addClient()
  for (const name of ['state', 'scope', 'code_challenge', 'nonce']) {
    const url = authorizeUrl(server(), client, { nonce: 'n' })
    url.searchParams.append(name, 'again')
    t.regex((await send(url)).headers.get('location') ?? '', /error=invalid_request/, name)
  }
  for (const name of ['client_id', 'redirect_uri']) {
    const url = authorizeUrl(server(), client)
    url.searchParams.append(name, 'again')
    isErrorPage(t, await send(url, html), /must not be provided twice|not registered|provided/)
  }
  const fields = new URLSearchParams({ grant_type: 'authorization_code', code: 'a' })
  fields.append('code', 'b')
  isRefused(t, await post(`${server().issuer}/oauth/token`, client, fields), 'invalid_request')
})

onStorages(
  'a code is refused when reused, expired, unknown or without its verifier',
  async (t, begin) => {
    const cast = await newCast(await begin(), { first_party: true })
    const browser = createBrowser(cast.fixture.issuer)
    const next = () => obtainCode({ ...cast, browser })

    const wrong = await next()
    isRefused(t, await redeem(cast, { ...wrong, verifier: newVerifier() }), 'invalid_grant')
    const elsewhere = { fields: { redirect_uri: 'http://client.example/other' } }
    isRefused(t, await redeem(cast, await next(), elsewhere), 'invalid_grant')
    const other = await cast.fixture.addClient()
    isRefused(t, await redeem({ ...cast, client: other }, await next()), 'invalid_grant')
    isRefused(t, await redeem(cast, { ...(await next()), code: 'unknown' }), 'invalid_grant')

    const expired = await next()
    const { artifacts } = cast.fixture.storage
    const kept = (await artifacts.find('AuthorizationCode', sha256(expired.code)))!
    await artifacts.put('AuthorizationCode', kept.key, { ...kept, expiresAt: Date.now() - 1 })
    isRefused(t, await redeem(cast, expired), 'invalid_grant')

    const used = await next()
    t.is((await redeem(cast, used)).status, 200)
    isRefused(t, await redeem(cast, used), 'invalid_grant')
  },
)

test('a client that cannot prove who it is gets 401 invalid_client', async (t) => {
  const client = await server().addClient()
  const fields = { grant_type: 'authorization_code', code: 'a' }
  for (const stranger of [
    { ...client, secret: 'wrong' },
    { ...client, secret: undefined },
    { id: 'nobody', secret: 'x' },
  ]) {
    const answer = await post(`${server().issuer}/oauth/token`, stranger, fields)
    isRefused(t, answer, 'invalid_client', 401)
  }
})

const forClients = ['token', 'par', 'introspect', 'revoke', 'device'].map(
  (name) => `/oauth/${name}`,
)
const form = 'application/x-www-form-urlencoded'

test('a body that is no form is refused', async (t) => {
  const client = await server().addClient({
    grant_types: ['client_credentials', 'authorization_code'],
  })
  for (const path of forClients) {
    const bodies: [string, string][] = [
      ['application/json', '{"grant_type":"client_credentials"}'],
      ['application/json', '{'],
      ['text/plain', 'grant_type=client_credentials'],
      ['multipart/form-data; boundary=x', '--x--'],
      [form, ''],
      [form, '&&&===&%'],
      [form, 'grant_type[a]=b&grant_type[]=c&__proto__[x]=y&token[]=1'],
      [form, `${'a=b&'.repeat(3000)}a=b`],
    ]
    for (const [type, body] of bodies) {
      const headers = { ...basic(client), 'content-type': type }
      const answer = await send(server().issuer + path, { method: 'POST', body, headers })
      isClean(t, answer, `${path} ${type} ${body.slice(0, 20)}`)
      if (path !== '/oauth/device') t.is(answer.status, 400, `${path} ${type} ${body.slice(0, 20)}`)
    }
  }
})

/** The same, without a length: sent in chunks. */
const inChunks = (text: string): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (let at = 0; at < text.length; at += 16_384)
        controller.enqueue(new TextEncoder().encode(text.slice(at, at + 16_384)))
      controller.close()
    },
  })

test('a body of more than 56 KB is refused, whether its length is told or not', async (t) => {
  const client = await server().addClient()
  const browser = createBrowser(server().issuer)
  const login = await browser.open(authorizeUrl(server(), client).href)
  const cookie = await browser.jar.getCookieString(login.url.href)
  const steps = ['login', 'register', 'consent', 'continue', 'cancel']
  const paths = [...forClients, '/device', '/oauth/logout/confirm']
  const body = `token=${'x'.repeat(57 * 1024)}`
  for (const path of [...steps.map((step) => `${login.url.pathname}/${step}`), ...paths]) {
    for (const sent of [{ body }, { body: inChunks(body), duplex: 'half' as const }]) {
      const headers = { ...basic(client), cookie, 'content-type': form, accept: 'text/html' }
      const answer = await send(server().issuer + path, { method: 'POST', ...sent, headers })
      isClean(t, answer, path)
      t.true([400, 413].includes(answer.status), `${path} ${answer.status}`)
    }
  }
})

test('the steps of a sign-in take forms only', async (t) => {
  const at = `${server().issuer}/interaction/abc/login`
  for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x', '']) {
    const headers = { ...(type ? { 'content-type': type } : {}), accept: 'text/html' }
    const body = new TextEncoder().encode('{}')
    const answer = await send(at, { method: 'POST', body, headers })
    isClean(t, answer, type)
    t.is(answer.status, 415)
  }
})

test('an unknown address is 404: a page for people, a problem document for programs', async (t) => {
  for (const path of [
    '/nothing',
    '/oauth/nothing',
    '/interaction',
    '/api/v1/nothing',
    '/assets/no.css',
  ]) {
    const page = await send(server().issuer + path, html)
    isClean(t, page, path)
    t.is(page.status, 404)
    t.regex(page.text, /Page not found/)
    const { status, json, headers } = await send(server().issuer + path)
    t.is(status, 404)
    t.is(headers.get('content-type'), 'application/problem+json')
    t.is(json['code'], 'not_found')
    t.is(json['trace_id'], headers.get('x-trace-id'))
  }
})

test('the trace id of an error page is in its header and in the log', async (t) => {
  const client = await server().addClient()
  const url = authorizeUrl(server(), client, { redirect_uri: 'https://evil.example' })
  for (const address of [
    url.href,
    `${server().issuer}/nothing`,
    `${server().issuer}/interaction/abc`,
  ]) {
    const { headers, text } = await send(address, html)
    const traceId = headers.get('x-trace-id')!
    t.true(text.includes(traceId))
    t.true(server().logLines.some((line) => line.includes(traceId)))
  }
})
