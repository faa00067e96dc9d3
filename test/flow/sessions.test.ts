import test from 'ava'
import { decodeJwt } from 'jose'
import { setTimeout as sleep } from 'node:timers/promises'
import { committed } from '#oidc/unit-of-work.ts'
import type { Browser } from '../support/browser.ts'
import { authorize, createBrowser, relyingParty, signIn } from '../support/relying-party.ts'
import { start, type Fixture } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { signedIn } from './journeys.ts'

onStorages('with a session the second authorization is silent', async (t, begin) => {
  const fixture = await begin()
  const { browser, party, person } = await signedIn(fixture)
  const pending = await party.begin()
  const response = await fetch(pending.url, {
    redirect: 'manual',
    headers: { cookie: await browser.jar.getCookieString(pending.url.href) },
  })
  t.true([302, 303].includes(response.status))
  const left = new URL(response.headers.get('location')!)
  t.is(left.hostname, 'client.example')
  const tokens = await pending.redeem(left)
  t.is(tokens.claims()?.sub, person.id)
})

onStorages(
  'a session is good for a second client, which only asks for consent, and once',
  async (t, begin) => {
    const fixture = await begin()
    const { browser, person } = await signedIn(fixture)
    const other = await relyingParty(fixture, await fixture.addClient({ client_name: 'Other' }))
    const pending = await other.begin()
    const consent = await browser.open(pending.url.href)
    t.regex(consent.text, /Other wants to use your account/)
    t.true(consent.text.includes(person.email))
    const { left } = await consent.submit('/consent')
    t.is((await pending.redeem(left!)).claims()?.sub, person.id)
    const again = await browser.open((await other.begin({ prompt: 'none' })).url.href)
    t.truthy(again.left?.searchParams.get('code'))
  },
)

test('prompt=none without a session answers login_required at the client', async (t) => {
  const fixture = await start(t)
  const party = await relyingParty(fixture, await fixture.addClient())
  const pending = await party.begin({ prompt: 'none' })
  const { left } = await createBrowser(fixture.issuer).open(pending.url.href)
  t.is(left?.searchParams.get('error'), 'login_required')
  t.is(left?.searchParams.get('state'), pending.state)
  t.is(left?.searchParams.get('iss'), fixture.issuer)
})

test('prompt=none with a session gives a code, and consent_required where consent is missing', async (t) => {
  const fixture = await start(t)
  const { browser, party } = await signedIn(fixture)
  const known = await browser.open((await party.begin({ prompt: 'none' })).url.href)
  t.truthy(known.left?.searchParams.get('code'))

  const other = await relyingParty(fixture, await fixture.addClient())
  const unknown = await browser.open((await other.begin({ prompt: 'none' })).url.href)
  t.is(unknown.left?.searchParams.get('error'), 'consent_required')
})

test('prompt=login asks for the password again, and auth_time moves on', async (t) => {
  const fixture = await start(t)
  const { browser, party, person, tokens } = await signedIn(fixture, {
    request: { max_age: '1000' },
  })
  const first = decodeJwt(tokens.id_token!)['auth_time'] as number
  // By the clock of oidc-provider, which reads Date.now.
  await sleep(1100)
  const pending = await party.begin({ prompt: 'login', max_age: '1000' })
  const login = await browser.open(pending.url.href)
  t.regex(login.text, /Sign in to continue to Acme Notes/)
  const { left } = await signIn(login, person)
  const again = await pending.redeem(left!)
  t.true((again.claims()!['auth_time'] as number) > first)
})

test('max_age asks again once the sign-in is older', async (t) => {
  const fixture = await start(t)
  const { browser, party } = await signedIn(fixture)
  const young = await browser.open((await party.begin({ max_age: '1000' })).url.href)
  t.truthy(young.left?.searchParams.get('code'))
  // As above.
  await sleep(2100)
  const old = await browser.open((await party.begin({ max_age: '1' })).url.href)
  t.is(old.left, undefined)
  t.regex(old.text, /Sign in/)
})

test('login_hint stands in the form, and prompt=create takes it as the e-mail', async (t) => {
  const fixture = await start(t)
  const party = await relyingParty(fixture, await fixture.addClient())
  const browser = createBrowser(fixture.issuer)
  const hint = { login_hint: 'zhang."wei"@example.com' }
  const login = await browser.open((await party.begin(hint)).url.href)
  t.is(login.root.querySelector('[name=identifier]')?.getAttribute('value'), hint.login_hint)
  const create = await browser.open((await party.begin({ ...hint, prompt: 'create' })).url.href)
  t.is(create.root.querySelector('[name=email]')?.getAttribute('value'), hint.login_hint)
})

test('a wrong password keeps the identifier, says so with 422, and never echoes the password', async (t) => {
  const fixture = await start(t)
  const person = await fixture.addUser()
  const party = await relyingParty(fixture, await fixture.addClient())
  const login = await createBrowser(fixture.issuer).open((await party.begin()).url.href)
  for (const email of [person.email, 'nobody@example.com']) {
    const again = await signIn(login, { email, password: 'wrong-password' })
    t.is(again.status, 422)
    t.regex(again.text, /Wrong e-mail or password\. Check both and try again\./)
    t.is(again.root.querySelector('[name=identifier]')?.getAttribute('value'), email)
    t.false(again.html.includes('wrong-password'))
  }
  const empty = await signIn(login, { email: '', password: '' })
  t.is(empty.status, 422)
  t.regex(empty.text, /Enter your e-mail or username\..*Enter your password\./)
})

test('passwords on the page count against the limit of their address', async (t) => {
  const fixture = await start(t, { env: { REQUESTS_PER_MINUTE: '3' } })
  const party = await relyingParty(fixture, await fixture.addClient())
  const login = await createBrowser(fixture.issuer).open((await party.begin()).url.href)
  const statuses: number[] = []
  for (let tries = 0; tries < 4; tries++)
    statuses.push((await signIn(login, { email: `${tries}@example.com`, password: 'x' })).status)
  t.deepEqual(statuses, [422, 422, 422, 429])
})

test('the person may sign in with the username, in any case, and with spaces around it', async (t) => {
  const fixture = await start(t)
  const person = await fixture.addUser({ username: 'Wang.Wu' })
  const party = await relyingParty(fixture, await fixture.addClient())
  const pending = await party.begin()
  const left = await authorize(createBrowser(fixture.issuer), pending.url, {
    ...person,
    email: '  wang.WU ',
  })
  t.is((await pending.redeem(left)).claims()?.sub, person.id)
})

test('an interaction belongs to the browser that began it: another gets 400 and no form', async (t) => {
  const fixture = await start(t)
  const party = await relyingParty(fixture, await fixture.addClient())
  const login = await createBrowser(fixture.issuer).open((await party.begin()).url.href)
  const stranger = await createBrowser(fixture.issuer).open(login.url.href)
  t.is(stranger.status, 400)
  t.regex(stranger.text, /This sign-in has expired/)
  t.is(stranger.root.querySelector('form'), null)
})

test('a session ends SESSION_EXPIRE_SECONDS after its last use, and its cookie says so', async (t) => {
  const fixture = await start(t, { env: { SESSION_EXPIRE_SECONDS: '60' } })
  const { browser } = await signedIn(fixture)
  const session = await sessionCookie(fixture, browser)
  t.true(session.httpOnly)
  t.is(session.sameSite, 'lax')
  t.true(session.TTL() <= 60_000 && session.TTL() > 30_000)
})

test('a session ends SESSION_MAX_SECONDS after the sign-in, however much it is used', async (t) => {
  const fixture = await start(t, { env: { SESSION_MAX_SECONDS: '3600' } })
  const { browser, party } = await signedIn(fixture)
  t.true((await sessionCookie(fixture, browser)).TTL() > 3_000_000)
  const { Session } = fixture.server.app.engine.provider
  const { value } = await sessionCookie(fixture, browser)
  await committed(fixture.storage.artifacts, async () => {
    const session = (await Session.find(value))!
    session.loginTs = Math.floor(Date.now() / 1000) - 3000
    await session.persist()
  })
  await browser.open((await party.begin({ prompt: 'none' })).url.href)
  t.true((await sessionCookie(fixture, browser)).TTL() <= 600_000)
})

async function sessionCookie({ issuer }: Fixture, { jar }: Browser) {
  const cookies = await jar.getCookies(issuer)
  return cookies.find(({ key }) => key === 'yumen_session')!
}
