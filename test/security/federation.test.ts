import test from 'ava'
import { sha256 } from '#lib/hashing.ts'
import { createBrowser, type Page } from '../support/browser.ts'
import type { GithubStandIn } from '../support/stand-ins/github.ts'
import { oidcStandIn, type Forgery, type OidcStandIn } from '../support/stand-ins/oidc.ts'
import { start, type Fixture } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import {
  begin,
  callbackOf,
  finish,
  githubEnv,
  googleEnv,
  press,
  signInWith,
  type Begun,
} from '../federation/journey.ts'
import { dumpStorage } from './dump.ts'

/**
 * Sign-in through others, as it went wrong elsewhere: Casdoor CVE-2026-9092 and Keycloak CVE-2026-9087 (linking by an
 * e-mail that no one verified), Supabase CVE-2026-31813 (someone else's ID token), Zitadel CVE-2025-46815 (a replayed
 * callback), Dex CVE-2022-39222 (another browser's).
 */
interface Scene {
  google: OidcStandIn
  fixture: Fixture
}

async function scene(t: Parameters<typeof start>[0]): Promise<Scene> {
  const google = await oidcStandIn(t)
  return { google, fixture: await start(t, { env: googleEnv(google) }) }
}

const hasSession = async (browser: ReturnType<typeof createBrowser>, { issuer }: Fixture) =>
  (await browser.jar.getCookies(issuer)).some(({ key }) => key.endsWith('_session'))

test('an e-mail that the provider has not verified links nothing and signs no one in', async (t) => {
  const { google, fixture } = await scene(t)
  const victim = await fixture.addUser({ email: 'victim@gmail.com' })
  await fixture.storage.users.update(victim.id, { emailVerified: true })
  const lies = [{ email_verified: false }, {}, { email_verified: 'true' }, { email_verified: 1 }]
  for (const lie of lies) {
    google.person = { sub: 'attacker', email: victim.email, ...lie }
    const begun = await begin(fixture)
    const page = await signInWith(begun, 'google')
    t.truthy(page.root.querySelector('[name=ticket]'), JSON.stringify(lie))
    t.false(await hasSession(begun.browser, fixture))
  }
  // Nor does one that Google has verified once, in someone else's domain.
  const person = await fixture.addUser({ email: 'victim@other.example' })
  await fixture.storage.users.update(person.id, { emailVerified: true })
  google.person = { sub: 'attacker', email: person.email, email_verified: true }
  t.truthy((await signInWith(await begin(fixture), 'google')).root.querySelector('[name=ticket]'))
  for (const { id } of [victim, person])
    t.deepEqual(await fixture.storage.identities.listByUser(id), [])
})

test('what the provider calls an e-mail is never taken for a username', async (t) => {
  const { google, fixture } = await scene(t)
  const victim = await fixture.addUser({ username: 'victim' })
  await fixture.storage.users.update(victim.id, { emailVerified: true })
  google.person = { sub: 'attacker', email: 'victim', email_verified: true, hd: 'evil.example' }
  const begun = await begin(fixture)
  const sub = await finish(begun, await signInWith(begun, 'google'))
  t.not(sub, victim.id)
  t.is((await fixture.storage.users.findById(sub))?.email, undefined)
})

const past = Math.floor(Date.now() / 1000) - 7200
const forgeries: Record<string, Forgery> = {
  'of another issuer': { claims: { iss: 'https://evil.example' } },
  'for another client': { claims: { aud: 'their-client' } },
  'for several, issued to another': { claims: { aud: ['our-client.example', 'x'], azp: 'x' } },
  'for several, issued to nobody': { claims: { aud: ['our-client.example', 'x'] } },
  'for us alone, issued to another': { claims: { azp: 'x' } },
  'with another nonce': { claims: { nonce: 'x' } },
  'without a nonce': { without: ['nonce'] },
  'that has expired': { claims: { iat: past, exp: past + 60 } },
  'without an end': { without: ['exp'] },
  'of a time to come': { claims: { iat: past + 20_000, exp: past + 30_000 } },
  'without a subject': { without: ['sub'] },
  'with an endless subject': { claims: { sub: 'x'.repeat(256) } },
  'that nobody has signed': { alg: 'none' },
  'that somebody else has signed': { isForeignKey: true },
}

test('an ID token is refused unless all of it is right', async (t) => {
  const { google, fixture } = await scene(t)
  for (const [name, forge] of Object.entries(forgeries)) {
    google.forge = forge
    const begun = await begin(fixture)
    const page = await signInWith(begun, 'google')
    t.regex(page.text, /Google did not confirm/, name)
    t.false(await hasSession(begun.browser, fixture), name)
  }
  google.forge = {}
  const begun = await begin(fixture)
  await finish(begun, await signInWith(begun, 'google'))
})

const refused = (
  t: { is(a: unknown, b: unknown, label?: string): void },
  page: Page,
  label: string,
) => {
  t.is(page.status, 400, label)
  t.is(page.left, undefined, label)
}

test('a callback is good once', async (t) => {
  const { google, fixture } = await scene(t)
  const begun = await begin(fixture)
  const callback = await callbackOf(await press(begun.login, 'google'))
  const consent = await begun.browser.open(callback)
  refused(t, await begun.browser.open(callback), 'again')
  await finish(begun, consent)
  refused(t, await begun.browser.open(callback), 'after the end')
  t.is(google.asked.filter(({ path }) => path === '/token').length, 1)
})

test('of many callbacks at once one is answered', async (t) => {
  const { google, fixture } = await scene(t)
  const begun = await begin(fixture)
  const callback = await callbackOf(await press(begun.login, 'google'))
  const cookie = await begun.browser.jar.getCookieString(callback)
  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      fetch(callback, { redirect: 'manual', headers: { cookie, accept: 'text/html' } }),
    ),
  )
  t.is(answers.filter(({ status }) => status === 303).length, 1)
  t.is(google.asked.filter(({ path }) => path === '/token').length, 1)
})

test('a callback is of the browser that began, and of the provider that was asked', async (t) => {
  const google = await oidcStandIn(t)
  // Another provider that knows us by the same client id: mix-up (RFC 9700 §4.4).
  const other = { ...google, clientSecret: 'x' } as unknown as GithubStandIn
  const fixture = await start(t, { env: { ...googleEnv(google), ...githubEnv(other) } })
  const begun = await begin(fixture)
  const callback = await callbackOf(await press(begun.login, 'google'))
  refused(t, await createBrowser(fixture.issuer).open(callback), 'a browser without cookies')
  const theirs = await begin(fixture)
  await press(theirs.login, 'google')
  refused(t, await theirs.browser.open(callback), 'a browser on its own way')
  const changed = new URL(callback)
  changed.searchParams.set('state', 'x'.repeat(40))
  refused(t, await begun.browser.open(changed.href), 'another state')
  changed.searchParams.delete('state')
  refused(t, await begun.browser.open(changed.href), 'no state')
  const elsewhere = callback.replace('/google/', '/github/')
  refused(t, await begun.browser.open(elsewhere), 'another provider')
  t.false(google.asked.some(({ method }) => method === 'POST'))
  await finish(begun, await begun.browser.open(callback))
})

test('the ticket of an arrival is of its browser and its interaction, and good once', async (t) => {
  const { fixture } = await scene(t)
  /** An arrival that the browser has not opened yet. */
  const arrive = async ({ browser, login }: Begun): Promise<URL> => {
    const callback = await callbackOf(await press(login, 'google'))
    const cookie = await browser.jar.getCookieString(callback)
    const answer = await fetch(callback, { redirect: 'manual', headers: { cookie } })
    return new URL(answer.headers.get('location')!, fixture.issuer)
  }
  const begun = await begin(fixture)
  const arrival = await arrive(begun)
  const theirs = await begin(fixture)
  refused(t, await theirs.browser.open(arrival.href), 'the whole address elsewhere')
  const ticket = arrival.search
  const own = `${theirs.login.url.pathname}/federated${ticket}`
  refused(t, await theirs.browser.open(own), 'the ticket elsewhere')
  const tab = await begin(fixture, { browser: begun.browser })
  const misled = await arrive(begun)
  const inTab = `${tab.login.url.pathname}/federated${misled.search}`
  refused(t, await begun.browser.open(inTab), 'another interaction of the browser')
  t.false(await hasSession(begun.browser, fixture))
  await finish(begun, await begun.browser.open(arrival.href))
  refused(t, await begun.browser.open(arrival.href), 'again')
})

test('several tabs of one browser are on their way at once', async (t) => {
  const { google, fixture } = await scene(t)
  google.person = { sub: 'one' }
  const first = await begin(fixture)
  const second = await begin(fixture, { browser: first.browser })
  const away = [await press(first.login, 'google'), await press(second.login, 'google')]
  const callbacks = await Promise.all(away.map(callbackOf))
  const done = await finish(second, await first.browser.open(callbacks[1]!))
  t.is(await finish(first, await first.browser.open(callbacks[0]!)), done)
})

test('the way to a provider begins on our page only', async (t) => {
  const { fixture } = await scene(t)
  const { login, browser } = await begin(fixture)
  const cookie = await browser.jar.getCookieString(login.url.href)
  const csrf = login.root.querySelector('[name=csrf]')!.getAttribute('value')!
  const attempts = [
    { fields: {}, headers: { cookie } },
    { fields: { csrf: 'x' }, headers: { cookie } },
    { fields: { csrf }, headers: { cookie, origin: 'https://evil.example' } },
  ]
  for (const { fields, headers } of attempts) {
    const answer = await fetch(`${login.url.href}/federated`, {
      method: 'POST',
      redirect: 'manual',
      headers: headers as Record<string, string>,
      body: new URLSearchParams({ provider: 'google', ...(fields as Record<string, string>) }),
    })
    t.is(answer.status, 403)
  }
})

test('no address of a callback leads anywhere but on our own pages', async (t) => {
  const { fixture } = await scene(t)
  const begun = await begin(fixture)
  const callback = new URL(await callbackOf(await press(begun.login, 'google')))
  for (const name of ['redirect_uri', 'next', 'return_to', 'uri', 'url', 'callback'])
    callback.searchParams.set(name, '//evil.example')
  const answer = await fetch(callback, {
    redirect: 'manual',
    headers: { cookie: await begun.browser.jar.getCookieString(callback.href) },
  })
  t.regex(answer.headers.get('location')!, /^\/interaction\/[^/]+\/federated\?ticket=[\w-]+$/)
  const bounced = await fetch(`${fixture.issuer}/oauth/google/callback`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ code: 'c', state: 's', next: '//evil.example' }),
  })
  t.is(bounced.headers.get('location'), '/oauth/google/callback?code=c&state=s')
})

onStorages(
  'a copy of the storage holds nothing that continues a way to a provider',
  async (t, open) => {
    const google = await oidcStandIn(t)
    const fixture = await open({ env: googleEnv(google) })
    const { providers } = fixture.server.services.federation
    const sealedSecret = providers.seal('acme', google.clientSecret)
    await fixture.storage.providers.put({ id: 'acme', recipe: {}, sealedSecret })
    const waiting = await press((await begin(fixture)).login, 'google')
    const begun = await begin(fixture)
    const callback = await callbackOf(await press(begun.login, 'google'))
    const cookie = await begun.browser.jar.getCookieString(callback)
    const arrival = await fetch(callback, { redirect: 'manual', headers: { cookie } })
    const ticket = new URL(arrival.headers.get('location')!, fixture.issuer).searchParams
    const secrets = {
      'client secret': google.clientSecret,
      state: waiting.left!.searchParams.get('state')!,
      nonce: waiting.left!.searchParams.get('nonce')!,
      ticket: ticket.get('ticket')!,
      cookie: /yumen_hop=([^;]+)/.exec(cookie)![1]!,
      code: new URL(callback).searchParams.get('code')!,
    }
    const { text } = await dumpStorage(fixture)
    t.true(text.includes(sha256(secrets.state)) && text.includes(sha256(secrets.ticket)))
    for (const [name, secret] of Object.entries(secrets)) t.false(text.includes(secret), name)
    const lines = fixture.logLines.join('\n')
    for (const [name, secret] of Object.entries(secrets)) t.false(lines.includes(secret), name)
  },
)
