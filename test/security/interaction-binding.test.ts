import test from 'ava'
import { sha256 } from '#lib/hashing.ts'
import { createBrowser, type Page } from '../support/browser.ts'
import { signIn } from '../support/relying-party.ts'
import type { Fixture } from '../support/start.ts'
import { authorizeUrl, newCast, send, type Cast } from './journey.ts'
import { sharedServer } from './shared-server.ts'

/** Dex CVE-2022-39222, better-auth CVE-2026-45337: knowing the id of a request was enough to take part in it. */

const server = sharedServer({ env: { SIGN_IN_WITH_EMAIL: 'both' } })

const gets = ['', '/login', '/register', '/mail', '/passkey', '/second-factor']
const posts = [
  '/login',
  '/register',
  '/passkey',
  '/mail',
  '/mail/code',
  '/mail/link',
  '/second-factor',
  '/second-factor/enrol',
  '/continue',
  '/consent',
  '/cancel',
]

interface Begun extends Cast {
  browser: ReturnType<typeof createBrowser>
  page: Page
  /** The address of the interaction, without a step. */
  at: string
  csrf: string
  /** The cookies that this browser sends to the interaction. */
  cookie: string
}

/** A browser that stands on the login page. */
async function begun(fixture: Fixture): Promise<Begun> {
  const cast = await newCast(fixture)
  const browser = createBrowser(fixture.issuer)
  const page = await browser.open(authorizeUrl(fixture, cast.client).href)
  const csrf = page.root.querySelector('input[name=csrf]')?.getAttribute('value') ?? ''
  const cookie = await browser.jar.getCookieString(page.url.href)
  return { ...cast, browser, page, at: page.url.href, csrf, cookie }
}

const credentials = ({ person }: Begun): Record<string, string> => ({
  identifier: person.email,
  email: 'new@example.com',
  password: person.password,
})

const postStep = (
  step: string,
  mine: Begun,
  { fields, headers }: { fields: Record<string, string>; headers: Record<string, string> },
) =>
  send(mine.at + step, {
    method: 'POST',
    body: new URLSearchParams({ ...credentials(mine), ...fields }),
    headers: { accept: 'text/html', ...headers },
  })

const stored = async ({ fixture, at }: Begun): Promise<string | undefined> => {
  const uid = new URL(at).pathname.split('/').at(-1)!
  return (await fixture.storage.artifacts.find('Interaction', sha256(uid)))?.payload
}

test('an interaction cannot be seen or moved by a browser without its cookie', async (t) => {
  const mine = await begun(server())
  const before = await stored(mine)
  t.truthy(before)
  for (const step of gets) {
    const answer = await send(mine.at + step, { headers: { accept: 'text/html' } })
    t.is(answer.status, 400, step)
    t.notRegex(answer.text, /<form/)
  }
  for (const step of posts) {
    const answer = await postStep(step, mine, { fields: { csrf: mine.csrf }, headers: {} })
    t.is(answer.status, 400, step)
    t.is(answer.headers.get('location'), null)
  }
  t.is(await stored(mine), before)
  t.is((await signIn(mine.page, mine.person)).status, 200)
})

test('an interaction cannot be moved by a browser that has the cookie of another one', async (t) => {
  const [mine, theirs] = await Promise.all([begun(server()), begun(server())])
  const before = await stored(mine)
  for (const step of posts) {
    const how = { fields: { csrf: mine.csrf }, headers: { cookie: theirs.cookie } }
    t.is((await postStep(step, mine, how)).status, 400, step)
  }
  t.is(await stored(mine), before)
})

test('no step is taken without the form’s own token', async (t) => {
  const [mine, theirs] = await Promise.all([begun(server()), begun(server())])
  const before = await stored(mine)
  const headers = { cookie: mine.cookie }
  for (const step of posts) {
    for (const fields of [{}, { csrf: '' }, { csrf: theirs.csrf }, { csrf: `${mine.csrf}x` }]) {
      const answer = await postStep(step, mine, { fields, headers })
      t.is(answer.status, 403, `${step} ${JSON.stringify(fields)}`)
    }
  }
  t.is(await stored(mine), before)
})

test('no step is taken when the browser says that another site began it', async (t) => {
  const mine = await begun(server())
  const before = await stored(mine)
  const origins = ['https://evil.example', 'null', `${new URL(mine.at).origin}.evil.example`]
  const signs = [
    ...origins.map((origin) => ({ origin })),
    ...['cross-site', 'same-site', 'none'].map((site) => ({ 'sec-fetch-site': site })),
    { origin: new URL(mine.at).origin, 'sec-fetch-site': 'cross-site' },
  ]
  for (const sign of signs) {
    const headers = { cookie: mine.cookie, ...(sign as Record<string, string>) }
    const answer = await postStep('/login', mine, { fields: { csrf: mine.csrf }, headers })
    t.is(answer.status, 403, JSON.stringify(sign))
  }
  t.is(await stored(mine), before)
})

test('a step that is not due is refused: no one consents before they sign in', async (t) => {
  const mine = await begun(server())
  const before = await stored(mine)
  for (const step of ['/consent', '/continue', '/second-factor', '/second-factor/enrol']) {
    const how = { fields: { csrf: mine.csrf }, headers: { cookie: mine.cookie } }
    t.is((await postStep(step, mine, how)).status, 400)
  }
  t.is(await stored(mine), before)
})

test('an interaction that has ended is a page with a way on, and its form does nothing', async (t) => {
  const mine = await begun(server())
  const uid = new URL(mine.at).pathname.split('/').at(-1)!
  const { artifacts } = server().storage
  await artifacts.put('Interaction', sha256(uid), {
    payload: (await stored(mine))!,
    expiresAt: Date.now() - 1000,
  })
  const page = await mine.browser.open(mine.at)
  t.is(page.status, 400)
  t.truthy(page.root.querySelector('main a[href="/"]'))
  t.is((await signIn(mine.page, mine.person)).status, 400)
})

test('the way back to the engine is shut to a browser without the cookie of the request', async (t) => {
  const mine = await begun(server())
  const how = { fields: { csrf: mine.csrf }, headers: { cookie: mine.cookie } }
  const signedIn = await postStep('/login', mine, how)
  t.is(signedIn.status, 303)
  const resume = signedIn.headers.get('location')!
  const elsewhere = await send(resume, { headers: { accept: 'text/html' } })
  t.is(elsewhere.status, 400)
  t.is(elsewhere.headers.get('location'), null)
  t.is(elsewhere.headers.getSetCookie().filter((cookie) => cookie.includes('_session=')).length, 0)
})
