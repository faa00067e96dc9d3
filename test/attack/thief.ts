import { setTimeout as sleep } from 'node:timers/promises'
import { apiOf } from '../support/api.ts'
import { createBrowser, type Browser } from '../support/browser.ts'
import type { Fixture } from '../support/start.ts'
import {
  authorizeUrl,
  challengeOf,
  newVerifier,
  obtainCode,
  offline,
  redeem,
  refresh,
  send,
  type Cast,
  type Code,
} from '../security/journey.ts'
import { formOf, post } from './forms.ts'

/** What a thief has copied from someone who is signed in. */
export interface Stolen extends Cast {
  /** Of the browser, in every form that it had while it was in use. */
  cookies: Set<string>
  accessToken: string
  refreshToken: string
  apiKey: string
  /** Codes that the stolen session was given, none of them redeemed. */
  codes: Code[]
  /** Where a browser goes in which the password was typed, and the sign-in not yet finished. */
  unfinished: { url: string; browser: Browser }
  /** Of the owner, signed in elsewhere. */
  ownerToken: string
}

export async function steal(
  fixture: Fixture,
  who: Parameters<Fixture['addUser']>[0] = {},
): Promise<Stolen> {
  const browser = createBrowser(fixture.issuer)
  const person = await fixture.addUser(who)
  const client = await fixture.addClient({ first_party: true })
  const cast = { fixture, client, person, browser }
  const api = apiOf(fixture)
  const { access_token: ownerToken } = await api.login(cast.person)
  const { json } = await redeem(cast, await obtainCode(cast, offline))
  const body = { name: 'ci', scopes: ['account:read'] }
  const made = await api.call('POST', '/users/api-keys', { token: ownerToken, body })
  const stolen: Stolen = {
    ...cast,
    cookies: new Set([await browser.jar.getCookieString(fixture.issuer)]),
    accessToken: String(json['access_token']),
    refreshToken: String(json['refresh_token']),
    apiKey: String(made.body.key),
    codes: [],
    unfinished: await leaveUnfinished(cast),
    ownerToken,
  }
  await useSilently(stolen, fixture.issuer)
  return stolen
}

async function leaveUnfinished({ fixture, client, person }: Cast): Promise<Stolen['unfinished']> {
  const browser = createBrowser(fixture.issuer)
  const page = await browser.open(authorizeUrl(fixture, client).href)
  const form = formOf(page, '/login')
  const fields = { ...form.fields, identifier: person.email, password: person.password }
  const cookie = await browser.jar.getCookieString(page.url.href)
  const { headers } = await post(form, fields, { cookie })
  return { url: new URL(headers.get('location')!, page.url).href, browser }
}

/** Asks for a code without a person, at one of the processes; the way a browser is kept signed in. */
async function useSilently(stolen: Stolen, door: string): Promise<void> {
  const { fixture, client, cookies } = stolen
  const verifier = newVerifier()
  const asked = { prompt: 'none', code_challenge: challengeOf(verifier) }
  const url = authorizeUrl({ ...fixture, issuer: door }, client, asked)
  const { headers } = await send(url, { headers: { cookie: [...cookies].at(-1)! } })
  const code = codeOf(headers.get('location'))
  if (code) stolen.codes.push({ code, verifier })
  const session = headers.getSetCookie().map((one) => one.split(';')[0]!)
  if (session.some((one) => one.startsWith('yumen_session='))) cookies.add(session.join('; '))
}

const codeOf = (location: string | null): string | undefined =>
  location !== null && URL.canParse(location)
    ? (new URL(location).searchParams.get('code') ?? undefined)
    : undefined

const open = (door: string, { cookies }: Stolen) =>
  send(`${door}/account`, { headers: { cookie: [...cookies].at(-1)!, accept: 'text/html' } })

/** How a thief keeps the session in use: how many requests at once, and how long each waits before the next. */
export interface Load {
  name: string
  parallel: number
  pauseMs: number
}

export const loads: readonly Load[] = [
  { name: 'cookie idle', parallel: 0, pauseMs: 0 },
  { name: '6 in parallel', parallel: 6, pauseMs: 0 },
  { name: '1 at a time', parallel: 1, pauseMs: 0 },
  { name: '20 a second', parallel: 20, pauseMs: 1000 },
]

/** Keeps requests in flight at all processes while `end` is at work. */
export async function whileInUse(
  stolen: Stolen,
  { load, doors }: { load: Load; doors: string[] },
  end: () => Promise<unknown>,
): Promise<void> {
  const over = new AbortController()
  const thief = async (_: unknown, index: number): Promise<void> => {
    await sleep((load.pauseMs * index) / load.parallel)
    for (let n = index; !over.signal.aborted; n++) {
      const door = doors[n % doors.length]!
      await (n % 4 === 3 ? open(door, stolen) : useSilently(stolen, door))
      await sleep(load.pauseMs, undefined, { signal: over.signal }).catch(() => undefined)
    }
  }
  const thieves = Array.from({ length: load.parallel }, thief)
  // The first requests are on their way before the end begins.
  await sleep(20)
  await end().finally(() => over.abort())
  await Promise.all(thieves)
}

/** What of it still works, by name. */
export async function whatWorks(stolen: Stolen, doors: string[]): Promise<string[]> {
  const { fixture, client, accessToken, refreshToken, apiKey, unfinished } = stolen
  const found: string[] = []
  for (const door of doors) {
    const there = { ...stolen, fixture: { ...fixture, issuer: door } }
    for (const cookie of stolen.cookies) {
      const thief = { ...there, cookies: new Set([cookie]), codes: [] }
      if ((await open(door, thief)).status === 200) found.push('cookie at /account')
      await useSilently(thief, door)
      if (thief.codes.length > 0) found.push('cookie at /oauth/authorize')
    }
    const authorization = { authorization: `Bearer ${accessToken}` }
    const info = await send(`${door}/oauth/userinfo`, { headers: authorization })
    if (info.status === 200) found.push('access token')
    const key = await send(`${door}/users/me`, { headers: { 'x-api-key': apiKey } })
    if (key.status === 200) found.push('API key')
  }
  // What is spent by its use, at one process each.
  const one = { client, fixture: { ...fixture, issuer: doors.at(-1)! } }
  for (const code of stolen.codes.slice(-5))
    if ((await redeem(one, code)).status === 200) found.push('code')
  if ((await refresh(one, refreshToken)).status === 200) found.push('refresh token')
  const resumed = await resume(unfinished)
  if (resumed) found.push('unfinished sign-in')
  return [...new Set(found)]
}

/** Goes on where the sign-in was left; resolves to whether it comes to an end. */
async function resume({ url, browser }: Stolen['unfinished']): Promise<boolean> {
  const page = await browser.open(url)
  return page.left?.searchParams.has('code') ?? /wants to use your account/.test(page.text)
}
