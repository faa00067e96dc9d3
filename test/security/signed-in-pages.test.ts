import test from 'ava'
import { signedInPages } from '#compose/signed-in-pages.ts'
import { createBrowser, type Browser } from '../support/browser.ts'
import { start, type Fixture, type Person } from '../support/start.ts'

/** Every page of the table, with something for each parameter. */
const options = {
  consoleMaxAge: 3600,
  eraseAfterDays: 14,
  passwordMinLength: 8,
  providers: { list: () => [], find: () => undefined },
  issuer: 'http://id.example',
}
const pages = signedInPages(options).map((page) => ({
  ...page,
  url: page.path.replaceAll(/:\w+/g, 'abc'),
}))

async function send(
  { issuer }: Fixture,
  { method, url }: { method: string; url: string },
  { browser, body = '', headers = {} }: { browser?: Browser; body?: string; headers?: object } = {},
): Promise<Response> {
  const cookie = (await browser?.jar.getCookieString(issuer)) ?? ''
  return fetch(issuer + url, {
    method: method.toUpperCase(),
    redirect: 'manual',
    headers: {
      accept: 'text/html',
      cookie,
      ...(method === 'post' && { 'content-type': 'application/x-www-form-urlencoded' }),
      ...headers,
    },
    ...(method === 'post' && { body }),
  })
}

async function signIn(fixture: Fixture, person: Person): Promise<Browser> {
  const browser = createBrowser(fixture.issuer)
  const login = await browser.open(`${fixture.issuer}/account`)
  await login.submit('/login', { identifier: person.email, password: person.password })
  return browser
}

test('every page sends anyone who is not signed in to the sign-in, and does nothing', async (t) => {
  const fixture = await start(t)
  t.true(pages.length > 1)
  for (const page of pages) {
    const answer = await send(fixture, page)
    t.is(answer.status, 303, page.url)
    const location = new URL(answer.headers.get('location') ?? '')
    t.is(location.origin + location.pathname, `${fixture.issuer}/oauth/authorize`, page.url)
  }
})

test('every form is refused without its token, with another person’s, and from another site', async (t) => {
  const fixture = await start(t)
  const [person, other] = [await fixture.addUser(), await fixture.addUser()]
  const browser = await signIn(fixture, person)
  const foreign = await (await signIn(fixture, other)).open(`${fixture.issuer}/account`)
  const csrf = foreign.root.querySelector('input[name=csrf]')?.getAttribute('value') ?? ''
  t.true(csrf.length > 20)
  const own = await browser.open(`${fixture.issuer}/account`)
  const ownCsrf = own.root.querySelector('input[name=csrf]')?.getAttribute('value') ?? ''
  for (const page of pages.filter(({ method, access }) => method === 'post' && access === 'user')) {
    t.is((await send(fixture, page, { browser })).status, 403, page.url)
    const body = new URLSearchParams({ csrf }).toString()
    t.is((await send(fixture, page, { browser, body })).status, 403, page.url)
    const headers = { origin: 'https://evil.example' }
    const ownBody = new URLSearchParams({ csrf: ownCsrf }).toString()
    t.is((await send(fixture, page, { browser, body: ownBody, headers })).status, 403, page.url)
  }
})

test('every page with a scope is refused to a person without the role', async (t) => {
  const fixture = await start(t)
  const browser = await signIn(fixture, await fixture.addUser())
  for (const page of pages.filter(({ access }) => access !== 'user'))
    t.is((await send(fixture, page, { browser })).status, 403, page.url)
  t.is((await send(fixture, { method: 'get', url: '/account' }, { browser })).status, 200)
})

test('a banned person’s session opens no page', async (t) => {
  const fixture = await start(t)
  const person = await fixture.addUser()
  const browser = await signIn(fixture, person)
  await fixture.storage.users.update(person.id, { bannedAt: Date.now() })
  t.is((await send(fixture, { method: 'get', url: '/account' }, { browser })).status, 303)
})
