import { addressesOf, leadsAway } from '../security/clean.ts'
import { authorizeUrl, newCast, post, send, type Answer } from '../security/journey.ts'
import { names, values } from '../security/redirect-parameters.ts'
import { pathsOf } from '../security/routes.ts'
import { mutations } from '../security/uri-mutations.ts'
import { createBrowser } from '../support/browser.ts'
import type { Fixture } from '../support/start.ts'
import { actors } from './actors.ts'
import { crawl } from './crawl.ts'
import { cookiesOf } from './forms.ts'
import { storages } from '../support/trials.ts'
import type { Program } from './program.ts'
import { openStage, type Stage } from './stage.ts'

const registered = [
  'https://app.example/callback',
  'https://app.example:8443/a.b/callback?tenant=1&x=%2F',
  'https://app.example',
  'http://127.0.0.1/callback',
  'http://[::1]:8080/callback',
  'com.example.app:/callback',
]

const isNative = (uri: string): boolean => !uri.startsWith('https:')

/** For a native application any port of a loopback address is the same (RFC 8252 §7.3). */
const portless = (uri: string): string =>
  uri.replace(/^(http:\/\/(?:127\.0\.0\.1|\[::1\])):\d*(?=\/)/, '$1')

/** What reads like the registered host and is not: other alphabets, other numbers, other ends. */
const unicode = (uri: string): string[] => {
  const { host = '' } = /\/\/(?<host>[^/:?]+)/.exec(uri)?.groups ?? {}
  if (host === '') return []
  const others = [
    host.replace('.', '。'),
    host.replace('.', '．'),
    host.replace('e', 'е'),
    host.replace('a', '\u0430'),
    `${host}\u200b`,
    `\u202e${host}`,
    `${host}%E3%80%82evil.example`,
    `${host}%ff@evil.example`,
    `evil.example%23@${host}`,
    `${host}:443@evil.example`,
    `${host}\t.evil.example`,
    '[::ffff:7f00:1]',
    '2130706433',
    '0x7f.1',
    '127.1',
  ]
  return others.map((other) => uri.replace(host, other))
}

/** Whether the browser is sent there, by the answer or by anything on its page. */
const leads = (answer: Answer, base: string): boolean =>
  answer.headers.has('location') || leadsAway(answer, base).length > 0 || answer.status < 400

async function redirectUris(fixture: Fixture, uri: string) {
  const native = { application_type: 'native' }
  const client = await fixture.addClient({
    redirect_uris: [uri],
    ...(isNative(uri) ? native : {}),
  })
  const others = [...mutations(uri), ...unicode(uri)].filter(
    (other) => other !== uri && !(isNative(uri) && portless(other) === portless(uri)),
  )
  const against: string[] = []
  for (const other of others) {
    const url = authorizeUrl(fixture, client, { redirect_uri: other })
    const headers = { accept: 'text/html' }
    if (leads(await send(url, { headers }), url.href)) against.push(other)
    url.searchParams.set('prompt', 'none')
    if (leads(await send(url, { headers }), url.href)) against.push(`${other}, silently`)
    const pushed = await post(`${fixture.issuer}/oauth/par`, client, url.searchParams)
    if (pushed.status < 400) against.push(`${other}, pushed`)
  }
  const good = await send(authorizeUrl(fixture, client, { redirect_uri: uri }))
  if (good.status !== 303) against.push(`the registered one was refused: ${good.status}`)
  return { attack: `redirect_uri like ${uri}`, tried: 3 * others.length, against }
}

async function postLogout(fixture: Fixture) {
  const uri = 'https://app.example/bye'
  const client = await fixture.addClient({ post_logout_redirect_uris: [uri] })
  const against: string[] = []
  const others = [...mutations(uri), ...unicode(uri)]
  for (const other of others) {
    for (const more of [{ client_id: client.id }, {}] as Record<string, string>[]) {
      const query = new URLSearchParams({ ...more, post_logout_redirect_uri: other })
      const url = `${fixture.issuer}/oauth/logout?${query.toString()}`
      const answer = await send(url, { headers: { accept: 'text/html' } })
      if (leadsAway(answer, url).length > 0) against.push(other)
    }
  }
  return { attack: 'post_logout_redirect_uri', tried: 2 * others.length, against }
}

const queries = [...names.split(' '), 'target', 'return', 'next_url', 'r', 'service'].flatMap(
  (name) => values.map((value) => new URLSearchParams({ [name]: value }).toString()),
)

/** Every page that is found by someone, and every route, with every parameter that some page somewhere has followed. */
async function openRedirects(stage: Stage, isShort: boolean) {
  const { issuer } = stage.fixture
  const against: string[] = []
  let tried = 0
  const look = async (url: URL, cookie: string): Promise<void> => {
    const headers = { accept: 'text/html', referer: 'https://evil.example/', cookie }
    const before = new Set(leadsAway(await send(url, { headers }), url.href))
    for (const query of isShort ? queries.filter((_, index) => index % 5 === 0) : queries) {
      const there = new URL(url)
      for (const [name, value] of new URLSearchParams(query)) there.searchParams.set(name, value)
      const away = leadsAway(await send(there, { headers }), there.href)
      tried += 1
      if (away.some((one) => !before.has(one) && !isOfTheDemo(one)))
        against.push(`${url.pathname}?${query} leads to ${away.join(', ')}`)
    }
  }
  for (const path of pathsOf('GET')) await look(new URL(path, issuer), '')
  for (const begin of actors) {
    const actor = await begin(stage)
    const { pages } = await crawl(actor, issuer)
    for (const { url } of pages) await look(url, await cookiesOf(actor.browser, url))
  }
  return { attack: 'pages × parameters', tried, against }
}

/** An address that a client has registered is on pages that name the client. */
const isOfTheDemo = (address: string): boolean => address.startsWith('http://client.example/')

async function afterSignIn(fixture: Fixture) {
  const against: string[] = []
  const cast = await newCast(fixture)
  const browser = createBrowser(fixture.issuer)
  const login = await browser.open(authorizeUrl(fixture, cast.client).href)
  const away = Object.fromEntries(names.split(' ').map((name) => [name, 'https://evil.example']))
  const { email: identifier, password } = cast.person
  const consent = await login.submit('/login', { identifier, password, ...away })
  for (const url of addressesOf(consent.html, consent.url.href))
    if (url.hostname === 'evil.example') against.push(`the consent leads to ${url.href}`)
  const { left } = await consent.submit('/consent', away)
  if (left?.hostname !== 'client.example') against.push(`the consent led to ${left?.href}`)
  return { attack: 'forms of a sign-in with further fields', tried: 2, against }
}

/** authentik CVE-2024-52289, Zitadel GHSA-pr34-2v5x-6qjq, koa CVE-2025-32379. */
export const redirects: Program = {
  name: 'redirects',
  title: 'no parameter leads a browser anywhere but to a registered address',
  storages,
  limitMs: 600_000,
  async run(trial) {
    const stage = await openStage(trial)
    const { fixture, report } = { ...stage, report: trial.report }
    for (const uri of registered) report.row(await redirectUris(fixture, uri))
    report.row(await postLogout(fixture))
    report.row(await openRedirects(stage, trial.isShort))
    report.row(await afterSignIn(fixture))
  },
}
