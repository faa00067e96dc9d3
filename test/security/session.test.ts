import test from 'ava'
import type { Cookie } from 'tough-cookie'
import { createBrowser } from '../support/browser.ts'
import {
  approveDevice,
  authorizeUrl,
  deviceGrant,
  newCast,
  obtainCode,
  pollDevice,
  post,
  send,
  startDevice,
  withoutRedirect,
  type Cast,
} from './journey.ts'
import { sharedServer } from './shared-server.ts'

const server = sharedServer()

/** Whether the cookies are those of a signed-in browser: an authorization without a prompt succeeds. */
async function isSignedIn({ fixture, client }: Cast, cookie: string): Promise<boolean> {
  const url = authorizeUrl(fixture, client, { prompt: 'none' })
  const { headers } = await send(url, { headers: { cookie } })
  const location = new URL(headers.get('location')!)
  return location.searchParams.has('code')
}

const cookieOf = (name: string, value: string): string => `${name}=${value}`

const written = (cookies: Cookie[]): string =>
  cookies.map(({ key, value }) => cookieOf(key, value)).join('; ')

test('the session id that a browser had before it signed in is worth nothing after', async (t) => {
  const fixture = server()
  const cast = await newCast(fixture)
  const browser = createBrowser(fixture.issuer)
  await browser.open(`${fixture.issuer}/device`)
  const planted = await browser.jar.getCookies(fixture.issuer)
  t.true(planted.some(({ key }) => key === 'yumen_session'))

  await obtainCode({ ...cast, browser })
  const own = await browser.jar.getCookies(fixture.issuer)
  const valueIn = (cookies: Cookie[]) => cookies.find(({ key }) => key === 'yumen_session')?.value
  t.not(valueIn(own), valueIn(planted))
  t.true(await isSignedIn(cast, written(own)))
  t.false(await isSignedIn(cast, written(planted)))
})

test('a cookie with one character changed is no cookie, on every route that reads one', async (t) => {
  const fixture = server()
  const cast = await newCast(fixture)
  const browser = createBrowser(fixture.issuer)
  await obtainCode({ ...cast, browser })
  const page = await browser.open(authorizeUrl(fixture, cast.client, { prompt: 'login' }).href)
  const resume = `${fixture.issuer}/oauth/authorize/${page.url.pathname.split('/').at(-1)!}`
  const cookies = [
    ...(await browser.jar.getCookies(page.url.href)),
    ...(await browser.jar.getCookies(resume)),
  ]
    // The device's cookie only tells a known one from a new one; it opens nothing.
    .filter(({ key }) => key !== 'yumen_device')
    .filter(({ key }, index, all) => all.findIndex((one) => one.key === key) === index)
  const names = ['yumen_session', 'yumen_interaction', 'yumen_resume']
  t.deepEqual(
    cookies.map(({ key }) => key).toSorted(),
    names.flatMap((name) => [name, `${name}.sig`]).toSorted(),
  )

  const refused: Record<string, string> = {
    yumen_session: resume,
    yumen_interaction: page.url.href,
    yumen_resume: resume,
  }
  for (const victim of cookies) {
    for (const change of changes(victim.value)) {
      const sent = cookies
        .map(({ key, value }) => cookieOf(key, key === victim.key ? change : value))
        .join('; ')
      const at = refused[victim.key.replace('.sig', '')]!
      const answer = await send(at, { headers: { cookie: sent, accept: 'text/html' } })
      t.is(answer.status, 400, `${victim.key} ${change}`)
      if (victim.key.startsWith('yumen_session')) t.false(await isSignedIn(cast, sent))
    }
  }
})

function changes(value: string): string[] {
  const other = value.startsWith('A') ? 'B' : 'A'
  return [other + value.slice(1), value.slice(0, -1), `${value}x`, '', '%00', '"', '%E0%A4%A']
}

test('a form of the engine without its token is refused and signs no one out', async (t) => {
  const fixture = server()
  const cast = await newCast(fixture)
  const browser = createBrowser(fixture.issuer)
  await obtainCode({ ...cast, browser })
  await browser.open(`${fixture.issuer}/oauth/logout`)
  const cookie = await browser.jar.getCookieString(fixture.issuer)
  for (const fields of [{}, { xsrf: '' }, { xsrf: 'a'.repeat(48) }]) {
    const url = `${fixture.issuer}/oauth/logout/confirm`
    const answer = await post(url, undefined, { logout: 'yes', ...fields }, { cookie })
    t.is(answer.status, 400)
  }
  t.true(await isSignedIn(cast, cookie))
})

test('a device is not approved without the token of the form', async (t) => {
  const fixture = server()
  const cast = await newCast(fixture, withoutRedirect(deviceGrant))
  const { device_code, user_code } = await startDevice(cast)
  const browser = createBrowser(fixture.issuer)
  await browser.open(`${fixture.issuer}/device`)
  const cookie = await browser.jar.getCookieString(fixture.issuer)
  for (const fields of [{}, { xsrf: '' }, { xsrf: 'a'.repeat(48) }]) {
    const sent = { user_code, confirm: 'yes', ...fields } as Record<string, string>
    for (const headers of [{ cookie }, {}]) {
      const answer = await post(`${fixture.issuer}/device`, undefined, sent, headers)
      t.is(answer.status, 400, JSON.stringify(fields))
      t.is(answer.headers.get('location'), null)
    }
  }
  t.is((await pollDevice(cast, device_code)).json['error'], 'authorization_pending')
  t.is((await approveDevice({ ...cast, browser }, user_code)).status, 200)
})
