import test from 'ava'
import * as oidc from 'openid-client'
import { createBrowser } from '../support/relying-party.ts'
import { start, type Fixture } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { introspect, offline, signedIn, type SignedIn } from './journeys.ts'

const goodbye = 'http://client.example/goodbye'
const client = { post_logout_redirect_uris: [goodbye] }

const logoutUrl = (
  { party, tokens }: SignedIn,
  parameters: Record<string, string> = { post_logout_redirect_uri: goodbye, state: 's-1' },
): string =>
  oidc.buildEndSessionUrl(party.config, { id_token_hint: tokens.id_token!, ...parameters }).href

/** What `prompt=none` answers: the OAuth error, or `signed in`. */
async function sessionOf({ browser, party }: SignedIn): Promise<string> {
  const { left } = await browser.open((await party.begin({ prompt: 'none' })).url.href)
  return left?.searchParams.get('error') ?? 'signed in'
}

onStorages(
  'a logout with a hint asks, ends the session and goes back to the client with its state',
  async (t, begin) => {
    const fixture = await begin()
    const journey = await signedIn(fixture, { client })
    const page = await journey.browser.open(logoutUrl(journey))
    t.is(page.status, 200)
    t.regex(page.text, /Sign out\?.*You signed out of Acme Notes/)
    const { left } = await page.submit('op.logoutForm', { logout: 'yes' })
    t.is(left?.href, `${goodbye}?state=s-1`)

    t.is(await sessionOf(journey), 'login_required')
    t.deepEqual(await introspect(fixture, journey.client, journey.tokens.access_token), {
      active: false,
    })
  },
)

onStorages('after a logout the old cookie opens nothing', async (t, begin) => {
  const fixture = await begin()
  const journey = await signedIn(fixture, { client })
  const cookies = await journey.browser.jar.getCookies(fixture.issuer)
  const page = await journey.browser.open(logoutUrl(journey))
  await page.submit('op.logoutForm', { logout: 'yes' })

  const thief = createBrowser(fixture.issuer)
  for (const cookie of cookies) await thief.jar.setCookie(cookie, fixture.issuer)
  t.is(await sessionOf({ ...journey, browser: thief }), 'login_required')
})

test('a logout without a hint asks, and ends on a page of ours', async (t) => {
  const fixture = await start(t)
  const journey = await signedIn(fixture, { client })
  const page = await journey.browser.open(`${fixture.issuer}/oauth/logout`)
  t.regex(page.text, /You will be signed out of Yumen in this browser\./)
  const done = await page.submit('op.logoutForm', { logout: 'yes' })
  t.is(done.status, 200)
  t.regex(done.text, /You are signed out/)
  t.is(await sessionOf(journey), 'login_required')
})

test('without a hint the person is never sent to an address that the request names', async (t) => {
  const fixture = await start(t)
  const journey = await signedIn(fixture, { client })
  const url = `${fixture.issuer}/oauth/logout?post_logout_redirect_uri=${encodeURIComponent('http://evil.example/')}`
  const done = await (await journey.browser.open(url)).submit('op.logoutForm', { logout: 'yes' })
  t.is(done.left, undefined)
  t.regex(done.text, /You are signed out/)
})

test('who stays signed in leaves only that client, and goes back to it', async (t) => {
  const fixture = await start(t)
  const journey = await signedIn(fixture, { client })
  const page = await journey.browser.open(logoutUrl(journey))
  const { left } = await page.submit('op.logoutForm')
  t.is(left?.href, `${goodbye}?state=s-1`)
  t.is(await sessionOf(journey), 'consent_required')
  t.deepEqual(await introspect(fixture, journey.client, journey.tokens.access_token), {
    active: false,
  })
})

test('who stays signed in, and came from no client, is not told that the session has ended', async (t) => {
  const fixture = await start(t)
  const journey = await signedIn(fixture, { client })
  for (const url of [
    `${fixture.issuer}/oauth/logout`,
    logoutUrl(journey, { ui_locales: 'en' }),
    `${fixture.issuer}/oauth/logout/success`,
  ]) {
    const page = await journey.browser.open(url)
    const after = page.url.pathname === '/' ? page : await page.submit('op.logoutForm')
    t.is(after.url.href, `${fixture.issuer}/`)
    t.notRegex(after.text, /You are signed out/)
  }
})

test('tokens that were given for the time away outlive the logout, the others do not', async (t) => {
  const fixture = await start(t)
  const journey = await signedIn(fixture, { client, request: offline })
  const page = await journey.browser.open(logoutUrl(journey))
  await page.submit('op.logoutForm', { logout: 'yes' })
  const next = await oidc.refreshTokenGrant(journey.party.config, journey.tokens.refresh_token!)
  t.truthy(next.access_token)
})

test('a post_logout_redirect_uri that is not registered is refused, and the session stays', async (t) => {
  const fixture = await start(t)
  const journey = await signedIn(fixture, { client })
  const page = await journey.browser.open(
    logoutUrl(journey, { post_logout_redirect_uri: 'http://evil.example/' }),
  )
  t.is(page.status, 400)
  t.is(page.left, undefined)
  t.regex(page.text, /post_logout_redirect_uri not registered/)
  t.is(await sessionOf(journey), 'signed in')
})

test('a broken id_token_hint is a page with 400, and the session stays', async (t) => {
  const fixture = await start(t)
  const journey = await signedIn(fixture, { client })
  const forged = `${journey.tokens.id_token!.slice(0, -6)}AAAAAA`
  for (const hint of ['x', forged]) {
    const page = await journey.browser.open(logoutUrl(journey, { id_token_hint: hint }))
    t.is(page.status, 400)
  }
  t.is(await sessionOf(journey), 'signed in')
})

test('a form on another site cannot sign a person out', async (t) => {
  const fixture = await start(t)
  const journey = await signedIn(fixture, { client })
  const response = await fetch(`${fixture.issuer}/oauth/logout/confirm`, {
    method: 'POST',
    headers: {
      cookie: await journey.browser.jar.getCookieString(fixture.issuer),
      origin: 'http://evil.example',
    },
    body: new URLSearchParams({ logout: 'yes', xsrf: 'guess' }),
    redirect: 'manual',
  })
  t.true(response.status >= 400 && response.status < 500)
  t.is(await sessionOf(journey), 'signed in')
})

test('a logout where no one is signed in goes straight back', async (t) => {
  const fixture: Fixture = await start(t)
  const journey = await signedIn(fixture, { client })
  const page = await createBrowser(fixture.issuer).open(logoutUrl(journey))
  const { left } = await page.submit('/oauth/logout/confirm')
  t.is(left?.href, `${goodbye}?state=s-1`)
})
