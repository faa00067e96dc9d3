import test from 'ava'
import { createBrowser } from '../support/browser.ts'
import { isInert, staysHome, withoutOwnScripts } from './clean.ts'
import { authorizeUrl, newCast, obtainCode, send } from './journey.ts'
import { sharedServer } from './shared-server.ts'
import { sendRaw } from './raw.ts'
import { names, values } from './redirect-parameters.ts'
import { pathsOf } from './routes.ts'

/** Zitadel GHSA-pr34-2v5x-6qjq, koa CVE-2025-32379: a page follows a parameter with any scheme. */

const server = sharedServer()

/** Asks for the path with each name and value; no answer leads away. */
const queries = names
  .split(' ')
  .flatMap((name) => values.map((value) => new URLSearchParams({ [name]: value }).toString()))

for (const path of pathsOf('GET')) {
  test(`${path} follows no parameter to another site`, async (t) => {
    const base = server().issuer + path
    const headers = { accept: 'text/html', referer: 'https://evil.example/' }
    for (const query of queries) {
      const answer = await send(`${base}?${query}`, { headers })
      staysHome(t, answer, { base, label: query })
      if (answer.headers.get('content-type')?.startsWith('text/html'))
        isInert(t, withoutOwnScripts(answer), query)
    }
  })
}

test('the pages of a sign-in follow no parameter to another site', async (t) => {
  const { fixture, client, person } = await newCast(server())
  const browser = createBrowser(fixture.issuer)
  const login = await browser.open(authorizeUrl(fixture, client).href)
  const cookie = await browser.jar.getCookieString(login.url.href)
  for (const path of ['', '/login', '/register']) {
    for (const query of queries) {
      const url = `${login.url.href}${path}?${query}`
      const answer = await send(url, { headers: { accept: 'text/html', cookie } })
      t.is(answer.status, 200)
      staysHome(t, answer, { base: url, label: query })
    }
  }
  const away = Object.fromEntries(names.split(' ').map((name) => [name, 'https://evil.example']))
  const consent = await login.submit('/login', {
    identifier: person.email,
    password: person.password,
    ...away,
  })
  t.is(consent.url.origin, new URL(fixture.issuer).origin)
  const { left } = await consent.submit('/consent', away)
  t.is(left?.hostname, 'client.example')
})

test('a signed-in browser is not sent away by the logout page', async (t) => {
  const { fixture, client, person } = await newCast(server())
  const browser = createBrowser(fixture.issuer)
  await obtainCode({ fixture, client, person, browser })
  const base = `${fixture.issuer}/oauth/logout`
  for (const value of values) {
    for (const more of [{}, { client_id: client.id }] as Record<string, string>[]) {
      const query = new URLSearchParams({ ...more, post_logout_redirect_uri: value, state: value })
      const page = await browser.open(`${base}?${query.toString()}`)
      staysHome(t, { headers: page.headers, text: page.html }, { base, label: value })
    }
  }
  const page = await browser.open(`${base}?post_logout_redirect_uri=https://evil.example`)
  const done = await page.submit('op.logoutForm', { logout: 'yes' })
  t.is(done.left, undefined)
  t.is(done.status, 200)
})

test('an address that looks like another host is an address of ours', async (t) => {
  const starts = [
    '//evil.example',
    '/\\evil.example',
    '/\\\\evil.example',
    '///evil.example',
    '//evil.example\\@x',
  ]
  const ends = ['', '/', '/..', '/%2e%2e', '/device', '/oauth/logout', '?lang=zh-CN']
  for (const start of starts) {
    for (const end of ends) {
      const path = start + end
      const answer = await sendRaw(server().issuer, { path, headers: [['accept', 'text/html']] })
      t.is(answer.status, 404, path)
      staysHome(t, answer, { base: `${server().issuer}/`, label: path })
    }
  }
})
