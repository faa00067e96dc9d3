import test, { type ExecutionContext } from 'ava'
import { CookieJar } from 'tough-cookie'
import { start, type Fixture } from '../support/start.ts'
import { createBrowser } from '../support/browser.ts'
import { addressesOf } from './clean.ts'
import { authorizeUrl, basic, deviceGrant, post, withoutRedirect, type Answer } from './journey.ts'
import { sharedServer } from './shared-server.ts'
import { hostile, type Header } from './hostile-hosts.ts'
import { sendRaw } from './raw.ts'
import { pathsOf } from './routes.ts'

/** Zitadel CVE-2023-49097 and its kin, koa CVE-2026-27959: our own address was taken from the request. */

const server = sharedServer()

const nameOf = (headers: Header[]): string => headers.map((header) => header.join(': ')).join(', ')

/** Whatever the request says of hosts, the answer speaks of ours alone. */
function isOurs(t: ExecutionContext, { issuer }: Fixture, answer: Answer, label: string): void {
  t.true(answer.status < 500, label)
  const told = `${[...answer.headers].join('\n')}\n${answer.text}`
  // The port as a word of its own: trace ids and form tokens are random, and now and then contain these digits.
  t.notRegex(told, /evil|\b8443\b|other\.example/, label)
  const location = answer.headers.get('location')
  if (location) t.is(new URL(location, issuer).origin, issuer, label)
  for (const cookie of answer.headers.getSetCookie()) t.notRegex(cookie, /;\s*domain=/i, label)
  if (!answer.headers.get('content-type')?.startsWith('text/html')) return
  for (const { origin } of addressesOf(answer.text, issuer)) t.is(origin, issuer, label)
}

for (const headers of hostile) {
  test(`no answer follows ${nameOf(headers)}`, async (t) => {
    const fixture = server()
    const client = await fixture.addClient(withoutRedirect(deviceGrant))
    const web = await fixture.addClient()
    const accept: Header = ['accept', 'text/html']
    for (const path of pathsOf('GET')) {
      const answer = await sendRaw(fixture.issuer, { path, headers: [...headers, accept] })
      isOurs(t, fixture, answer, path)
    }
    const { pathname, search } = authorizeUrl(fixture, web)
    const begun = await sendRaw(fixture.issuer, { path: pathname + search, headers })
    t.is(begun.status, 303)
    t.regex(begun.headers.get('location')!, /^\/interaction\//)
    isOurs(t, fixture, begun, 'authorize')

    const discovery = await sendRaw(fixture.issuer, {
      path: '/.well-known/openid-configuration',
      headers,
    })
    const { issuer, token_endpoint } = JSON.parse(discovery.text) as Record<string, string>
    t.is(issuer, fixture.issuer)
    t.is(token_endpoint, `${fixture.issuer}/oauth/token`)

    const device = await sendRaw(fixture.issuer, {
      method: 'POST',
      path: '/oauth/device',
      headers: [
        ...headers,
        ['content-type', 'application/x-www-form-urlencoded'],
        ['authorization', basic(client)['authorization']!],
      ],
      body: 'scope=openid',
    })
    t.is(JSON.parse(device.text).verification_uri, `${fixture.issuer}/device`)
  })
}

test('the way back to the engine after a sign-in is ours, whatever the request says', async (t) => {
  const fixture = server()
  const [client, person] = await Promise.all([fixture.addClient(), fixture.addUser()])
  const jar = new CookieJar()
  const headers: Header[] = hostile.at(-1)!
  const follow = async (path: string, body?: string): Promise<Answer> => {
    const cookie = await jar.getCookieString(fixture.issuer + path)
    const form: Header[] =
      body === undefined ? [] : [['content-type', 'application/x-www-form-urlencoded']]
    const answer = await sendRaw(fixture.issuer, {
      path,
      headers: [...headers, ...form, ['cookie', cookie], ['accept', 'text/html']],
      ...(body === undefined ? {} : { method: 'POST', body }),
    })
    for (const set of answer.headers.getSetCookie()) await jar.setCookie(set, fixture.issuer + path)
    isOurs(t, fixture, answer, path)
    return answer
  }
  const { pathname, search } = authorizeUrl(fixture, client)
  const at = (await follow(pathname + search)).headers.get('location')!
  const csrf = /name="csrf" value="([^"]+)"/.exec((await follow(at)).text)![1]!
  const fields = { csrf, identifier: person.email, password: person.password }
  const signedIn = await follow(`${at}/login`, new URLSearchParams(fields).toString())
  t.is(signedIn.status, 303)
  const back = new URL(signedIn.headers.get('location')!, fixture.issuer)
  t.is(back.origin, fixture.issuer)
  t.regex((await follow(back.pathname)).headers.get('location')!, /^\/interaction\//)
})

/** The address that the log gives to a request with this header. */
async function addressOf(fixture: Fixture, forwardedFor: string[]): Promise<string> {
  const path = `/${crypto.randomUUID()}`
  const headers = forwardedFor.map((value): Header => ['x-forwarded-for', value])
  await sendRaw(fixture.issuer, { path, headers })
  const line = fixture.logLines.find((one) => one.includes(path))!
  return (JSON.parse(line) as { address: string }).address
}

/** What a sender may write, to be someone else or no one. */
const claims = [
  '6.6.6.6',
  '127.0.0.1',
  '10.0.0.9',
  '6.6.6.6, 10.0.0.9',
  '::ffff:10.0.0.9',
  '',
  ',,,',
  'evil',
  '999.1.1.1',
  '6.6.6.6 10.0.0.9',
  '0x7f.1',
  '"6.6.6.6"',
  'unknown',
]

/** What the proxies append, by TRUSTED_PROXIES, and what the sender's address then is. */
const proxies: Record<string, { appended: string; address: string }> = {
  '0': { appended: '', address: '127.0.0.1' },
  '1': { appended: ', 9.9.9.9', address: '9.9.9.9' },
  '2': { appended: ', 9.9.9.9, 10.0.0.2', address: '9.9.9.9' },
  '10.0.0.0/8': { appended: '', address: '127.0.0.1' },
  '127.0.0.0/8,10.0.0.0/8': { appended: ', 9.9.9.9, 10.0.0.2', address: '9.9.9.9' },
  '127.0.0.1, 10.0.0.2': { appended: ', ::ffff:9.9.9.9, 10.0.0.2', address: '9.9.9.9' },
}

/** authentik CVE-2024-47070: a header that could not be read made the policy fail open. */
for (const [trusted, { appended, address }] of Object.entries(proxies)) {
  test(`with TRUSTED_PROXIES=${trusted} a sender cannot choose its own address`, async (t) => {
    const fixture = await start(t, { env: { TRUSTED_PROXIES: trusted } })
    for (const claim of claims) {
      t.is(await addressOf(fixture, [claim + appended]), address, claim)
      if (appended) t.is(await addressOf(fixture, [claim, appended.slice(2)]), address, claim)
    }
  })
}

test('where the header cannot be read the address is the peer’s', async (t) => {
  for (const trusted of ['1', '2', '127.0.0.1']) {
    const fixture = await start(t, { env: { TRUSTED_PROXIES: trusted } })
    for (const header of ['', ',,', 'evil', '"6.6.6.6"', 'unknown', '6.6.6.6 x'])
      t.is(await addressOf(fixture, [header]), '127.0.0.1', header)
  }
})

test('a person who connects a device reads its own address, not the proxy’s and not one that it chose', async (t) => {
  const fixture = await start(t, { env: { TRUSTED_PROXIES: '1' } })
  const client = await fixture.addClient(withoutRedirect(deviceGrant))
  const forwarded = { 'x-forwarded-for': '6.6.6.6, 9.9.9.9' }
  const { json } = await post(
    `${fixture.issuer}/oauth/device`,
    client,
    { scope: 'openid' },
    forwarded,
  )
  const input = await createBrowser(fixture.issuer).open(`${fixture.issuer}/device`)
  const confirm = await input.submit('/device', { user_code: String(json['user_code']) })
  t.regex(confirm.text, /9\.9\.9\.9/)
  t.notRegex(confirm.text, /6\.6\.6\.6|127\.0\.0\.1/)
})
