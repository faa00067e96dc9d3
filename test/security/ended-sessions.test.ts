import type { ExecutionContext } from 'ava'
import { sha256 } from '#lib/hashing.ts'
import { newSecret } from '#lib/ids.ts'
import { apiOf } from '../support/api.ts'
import { createBrowser } from '../support/browser.ts'
import type { Fixture, Person } from '../support/start.ts'
import { onEveryStorage } from '../support/storages.ts'
import { authorizeUrl, newCast, obtainCode, send, type Cast } from './journey.ts'

/**
 * A thief has a copy of the session cookie and keeps requests in flight, so that one of them writes the session at the very
 * moment in which its owner ends it. Whatever was on its way, the cookie must be worth nothing afterwards.
 */
interface Stolen extends Cast {
  cookie: string
  token: string
}

async function steal(fixture: Fixture): Promise<Stolen> {
  const cast = await newCast(fixture, { first_party: true })
  const browser = createBrowser(fixture.issuer)
  await obtainCode({ ...cast, browser })
  const cookie = await browser.jar.getCookieString(fixture.issuer)
  const { access_token: token } = await apiOf(fixture).login(cast.person)
  return { ...cast, cookie, token }
}

const silent = ({ fixture, client, cookie }: Stolen) =>
  send(authorizeUrl(fixture, client, { prompt: 'none' }), { headers: { cookie } })

/** Whether the cookie still opens the authorize endpoint or the account centre. */
async function isAlive(stolen: Stolen): Promise<boolean> {
  const account = await send(`${stolen.fixture.issuer}/account`, {
    headers: { cookie: stolen.cookie, accept: 'text/html' },
  })
  const { headers } = await silent(stolen)
  return account.status === 200 || new URL(headers.get('location')!).searchParams.has('code')
}

/** Keeps three requests in flight while `end` is at work. */
async function whileInUse(stolen: Stolen, end: () => Promise<unknown>): Promise<void> {
  const over = new AbortController()
  const thief = async (): Promise<void> => {
    while (!over.signal.aborted) await silent(stolen)
  }
  const thieves = Array.from({ length: 3 }, thief)
  await end().finally(() => over.abort())
  await Promise.all(thieves)
}

type End = (stolen: Stolen) => Promise<unknown>

const byApi =
  (method: string, path: string): End =>
  ({ fixture, token }) =>
    apiOf(fixture).call(method, path, { token })

/** The link of a mail, put where the mail would lead. */
async function resetPassword({ fixture, person }: Stolen): Promise<unknown> {
  const token = newSecret()
  await fixture.storage.artifacts.put('PasswordReset', sha256(token), {
    payload: JSON.stringify({ email: person.email }),
    accountId: person.id,
    expiresAt: Date.now() + 60_000,
  })
  const body = { token, password: newSecret() }
  return apiOf(fixture).call('POST', '/auth/reset-password', { body })
}

const endOfThisSession: End = async ({ fixture, person, token }) => {
  const api = apiOf(fixture)
  const { body } = await api.call('GET', '/users/me/sessions', { token })
  const session = body.sessions.find(({ kind }: { kind: string }) => kind === 'browser')
  if (session === undefined) throw new Error(`no session of ${person.email}`)
  return api.call('DELETE', `/users/me/sessions/${session.id}`, { token })
}

/** As the browser signs out: the page, then its form. */
const ownSignOut: End = async ({ fixture, cookie }) => {
  const browser = createBrowser(fixture.issuer)
  for (const pair of cookie.split('; ')) await browser.jar.setCookie(pair, fixture.issuer)
  const page = await browser.open(`${fixture.issuer}/oauth/logout`)
  return page.submit('/oauth/logout/confirm', { logout: 'yes' })
}

const banAndUnban: End = async ({ fixture: { server, storage }, person }) => {
  await storage.users.update(person.id, { bannedAt: Date.now() })
  await server.services.signIns.sessions.endAll(person.id)
  await storage.users.update(person.id, { bannedAt: undefined })
}

const ends: Record<string, End> = {
  'a password reset': resetPassword,
  'the sign-out everywhere': byApi('DELETE', '/users/me/sessions'),
  'the sign-out everywhere else': byApi('DELETE', '/users/me/sessions?except=current'),
  'the end of this session by its owner': endOfThisSession,
  'its own sign-out': ownSignOut,
  'a ban that is lifted again': banAndUnban,
}

onEveryStorage('a session that is in use survives none of its ends', async (t, begin) => {
  const fixture = await begin()
  for (const [name, end] of Object.entries(ends)) {
    for (let round = 0; round < 2; round += 1) {
      const stolen = await steal(fixture)
      t.true(await isAlive(stolen), name)
      await whileInUse(stolen, () => end(stolen))
      t.false(await isAlive(stolen), `${name}, round ${round}`)
    }
  }
})

onEveryStorage(
  'a sign-in that was not finished when every sign-in ended is over',
  async (t, begin) => {
    const fixture = await begin()
    const cast = await newCast(fixture)
    for (const act of [finishLater, finishSecondFactorLater])
      t.true(await act(t, { ...cast, person: await fixture.addUser() }), act.name)
  },
)

/** The password was right, and the browser comes back to the engine only after the end. */
async function finishLater(
  t: ExecutionContext,
  { fixture, client, person }: Cast,
): Promise<boolean> {
  const browser = createBrowser(fixture.issuer)
  const page = await browser.open(authorizeUrl(fixture, client).href)
  const fields = new URLSearchParams({
    identifier: person.email,
    password: person.password,
    csrf: page.root.querySelector('[name=csrf]')!.getAttribute('value')!,
  })
  const posted = await send(`${page.url.href}/login`, {
    method: 'POST',
    body: fields,
    headers: { cookie: await browser.jar.getCookieString(page.url.href) },
  })
  t.is(posted.status, 303)
  await fixture.server.services.signIns.sessions.endAll(person.id)
  const resumed = await browser.open(new URL(posted.headers.get('location')!, page.url).href)
  return resumed.left === undefined && !/wants to use your account/.test(resumed.text)
}

async function finishSecondFactorLater(
  t: ExecutionContext,
  { fixture, person }: Cast & { person: Person },
): Promise<boolean> {
  const {
    strongSignIn: { mfaTokens },
    signIns: { sessions },
  } = fixture.server.services
  const token = await mfaTokens.issue({ userId: person.id, epoch: 0, amr: ['pwd'] })
  t.truthy(await mfaTokens.find(token))
  await sessions.endAll(person.id)
  const late = await mfaTokens.issue({ userId: person.id, epoch: 0, amr: ['pwd'] })
  return (await mfaTokens.find(token)) === undefined && (await mfaTokens.find(late)) === undefined
}
