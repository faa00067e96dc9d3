import test from 'ava'
import { apiOf } from '../support/api.ts'
import { addApp } from '../support/authenticator.ts'
import { createBrowser, type Page } from '../support/browser.ts'
import { relyingParty, signIn } from '../support/relying-party.ts'
import { start, type Fixture, type Person } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { authorizeUrl, fifty, newCast, send } from './journey.ts'

/** CVE-2026-1035 and its kin, for the second factor: races, replays, guesses, swapped tokens, skipped steps. */

const login = async ({ issuer }: Pick<Fixture, 'issuer'>, { email, password }: Person) =>
  apiOf({ issuer }).call('POST', '/auth/login', { body: { email, password } })

const answer = (
  { issuer }: Pick<Fixture, 'issuer'>,
  body: { mfa_token: string; method: string; code: string },
) => apiOf({ issuer }).call('POST', '/auth/mfa', { body })

onStorages('of 50 uses of one code at once, at two processes, one succeeds', async (t, begin) => {
  const fixture = await begin()
  const beside = await start(t, { beside: fixture })
  const person = await fixture.addUser()
  const app = await addApp(fixture, person.id)
  // Each with a token of its own, so that only the code is raced for; few enough to be looked at.
  const tokens = await Promise.all(
    Array.from({ length: 5 }, async () => (await login(fixture, person)).body.mfa_token),
  )
  const code = app.next()
  const answers = await fifty((index) =>
    answer(index % 2 ? fixture : beside, {
      mfa_token: tokens[index % 5],
      method: 'totp',
      code,
    }),
  )
  t.is(answers.filter(({ status }) => status === 200).length, 1)
  t.true(answers.every(({ status }) => [200, 400, 401, 429].includes(status)))
})

onStorages('of 50 uses of one recovery code at once one succeeds', async (t, begin) => {
  const fixture = await begin()
  const person = await fixture.addUser()
  await addApp(fixture, person.id)
  const owner = (await fixture.storage.users.findById(person.id))!
  const [code] = (await fixture.server.services.strongSignIn.factors.makeRecoveryCodes(owner))!
  const tokens = await Promise.all(
    Array.from({ length: 5 }, async () => (await login(fixture, person)).body.mfa_token),
  )
  const answers = await fifty((index) =>
    answer(fixture, { mfa_token: tokens[index % 5], method: 'recovery', code: code! }),
  )
  t.is(answers.filter(({ status }) => status === 200).length, 1)
})

onStorages('of 50 answers with one mfa_token at once one succeeds', async (t, begin) => {
  const fixture = await begin()
  const person = await fixture.addUser()
  await addApp(fixture, person.id)
  const owner = (await fixture.storage.users.findById(person.id))!
  const codes = (await fixture.server.services.strongSignIn.factors.makeRecoveryCodes(owner))!
  const { mfa_token } = (await login(fixture, person)).body
  const answers = await fifty((index) =>
    answer(fixture, { mfa_token, method: 'recovery', code: codes[index % 10]! }),
  )
  t.is(answers.filter(({ status }) => status === 200).length, 1)
})

onStorages(
  'five wrong codes close that factor to the right one too, and no other, nor the password',
  async (t, begin) => {
    const fixture = await begin()
    const person = await fixture.addUser()
    const app = await addApp(fixture, person.id)
    const owner = (await fixture.storage.users.findById(person.id))!
    const [recovery] =
      (await fixture.server.services.strongSignIn.factors.makeRecoveryCodes(owner))!
    const { mfa_token } = (await login(fixture, person)).body
    const guess = { mfa_token, method: 'totp', code: app.wrong() }
    const guesses = await fifty(() => answer(fixture, guess))
    t.is(guesses.filter(({ status }) => status === 401).length, 5)
    t.is(guesses.filter(({ status }) => status === 429).length, 45)
    const right = await answer(fixture, { mfa_token, method: 'totp', code: app.next() })
    t.like(right.body, { status: 429, code: 'factor_waits' })
    t.is(right.headers.get('retry-after'), '900')
    t.is((await login(fixture, person)).body.code, 'mfa_required')
    const other = await answer(fixture, { mfa_token, method: 'recovery', code: recovery! })
    t.is(other.status, 200)
  },
)

test('the mfa_token of one person is of no use with the code of another', async (t) => {
  const fixture = await start(t)
  const [victim, attacker] = [await fixture.addUser(), await fixture.addUser()]
  await addApp(fixture, victim.id)
  const app = await addApp(fixture, attacker.id)
  const { mfa_token } = (await login(fixture, victim)).body
  const swapped = await answer(fixture, { mfa_token, method: 'totp', code: app.next() })
  t.is(swapped.body.code, 'invalid_code')
  t.is((await answer(fixture, { mfa_token: 'x', method: 'totp', code: app.next() })).status, 400)
})

test('a mfa_token dies with the password and with a ban', async (t) => {
  const fixture = await start(t)
  const { storage, server } = fixture
  const [person, banned] = [await fixture.addUser(), await fixture.addUser()]
  const app = await addApp(fixture, person.id)
  const other = await addApp(fixture, banned.id)
  const { mfa_token } = (await login(fixture, person)).body
  await server.services.signIns.sessions.endAll(person.id)
  const dead = await answer(fixture, { mfa_token, method: 'totp', code: app.next() })
  t.is(dead.body.code, 'invalid_token')
  const second = (await login(fixture, banned)).body.mfa_token
  await storage.users.update(banned.id, { bannedAt: Date.now() })
  const body = { mfa_token: second, method: 'totp', code: other.next() }
  t.is((await answer(fixture, body)).body.code, 'invalid_token')
})

/** Stands on the page that asks for the code. */
async function atQuestion(fixture: Fixture) {
  const { client, person } = await newCast(fixture, { first_party: true })
  const app = await addApp(fixture, person.id)
  const browser = createBrowser(fixture.issuer)
  const first = await browser.open(authorizeUrl(fixture, client).href)
  const before = await browser.jar.getCookieString(fixture.issuer)
  const page = await signIn(first, person)
  return { client, person, app, browser, first, before, page }
}

const idOf = ({ url }: Page): string => url.pathname.split('/')[2]!

test('the second step cannot be skipped: not by the old interaction, its way back, or another prompt', async (t) => {
  const fixture = await start(t)
  const { client, browser, first, page, person } = await atQuestion(fixture)
  const silent = authorizeUrl(fixture, client, { prompt: 'none' })
  const isLetIn = async (): Promise<boolean> => {
    const { left } = await browser.open(silent.href)
    return left?.searchParams.has('code') === true
  }
  const resume = (of: Page) => browser.open(`${fixture.issuer}/oauth/authorize/${idOf(of)}`)
  t.false(await isLetIn())
  t.is((await signIn(first, person)).status, 400)
  t.is((await resume(first)).left, undefined)
  t.regex((await resume(page)).text, /Enter the code/)
  const question = await browser.open(authorizeUrl(fixture, client).href)
  t.regex(question.text, /Enter the code/)
  const csrf = question.root.querySelector('[name=csrf]')!.getAttribute('value')!
  const cookie = await browser.jar.getCookieString(question.url.href)
  for (const step of ['consent', 'continue', 'second-factor/enrol']) {
    const answered = await send(`${fixture.issuer}/interaction/${idOf(question)}/${step}`, {
      method: 'POST',
      body: new URLSearchParams({ csrf, code: '123456', setup: 'x' }),
      headers: { cookie, accept: 'text/html' },
    })
    t.is(answered.status, 400, step)
  }
  t.false(await isLetIn())
})

test('the second factor cannot be shown before the first', async (t) => {
  const fixture = await start(t)
  const { client, person } = await newCast(fixture)
  const app = await addApp(fixture, person.id)
  const browser = createBrowser(fixture.issuer)
  const page = await browser.open(authorizeUrl(fixture, client).href)
  const csrf = page.root.querySelector('[name=csrf]')!.getAttribute('value')!
  for (const step of ['second-factor', 'second-factor/enrol']) {
    const answered = await send(`${page.url.href}/${step}`, {
      method: 'POST',
      body: new URLSearchParams({ csrf, method: 'totp', code: app.next() }),
      headers: { cookie: await browser.jar.getCookieString(page.url.href), accept: 'text/html' },
    })
    t.is(answered.status, 400, step)
  }
})

test('every step makes a new session id; those of before are worth nothing', async (t) => {
  const fixture = await start(t)
  const { client, browser, before, page, app } = await atQuestion(fixture)
  const half = await browser.jar.getCookieString(fixture.issuer)
  await page.submit('/second-factor', { code: app.next() })
  const whole = await browser.jar.getCookieString(fixture.issuer)
  const isLetIn = async (cookie: string): Promise<boolean> => {
    const answered = await send(authorizeUrl(fixture, client, { prompt: 'none' }), {
      headers: { cookie },
    })
    return new URL(answered.headers.get('location')!).searchParams.has('code')
  }
  t.deepEqual(
    [await isLetIn(before), await isLetIn(half), await isLetIn(whole)],
    [false, false, true],
  )
})

test('a code that was right once is wrong in another browser, also with an earlier step', async (t) => {
  const fixture = await start(t)
  const { app, person, page } = await atQuestion(fixture)
  const [early, late] = [app.next(), app.next()]
  t.truthy((await page.submit('/second-factor', { code: late })).left)
  const client = await fixture.addClient({ first_party: true })
  const party = await relyingParty(fixture, client)
  const login = await createBrowser(fixture.issuer).open((await party.begin()).url.href)
  const question = await signIn(login, person)
  for (const code of [late, early])
    t.is((await question.submit('/second-factor', { code })).status, 422)
})

test('the device cookie of another person, or a changed one, spares no one', async (t) => {
  const fixture = await start(t)
  const { app, page, browser, person } = await atQuestion(fixture)
  await page.submit('/second-factor', { code: app.next(), remember: 'yes' })
  const cookies = await browser.jar.getCookies(fixture.issuer)
  const own = cookies.filter(({ key }) => key.startsWith('yumen_device_'))
  t.is(own.length, 2)
  t.true(own.every((cookie) => cookie.httpOnly && cookie.sameSite === 'lax'))

  const other = await atQuestion(fixture)
  const name = own.find(({ key }) => !key.endsWith('.sig'))!.key
  const theirs = fixture.server.services.strongSignIn.rememberedDevices
  t.false(await theirs.isRemembered(other.person.id, own[0]!.value))
  const thief = createBrowser(fixture.issuer)
  for (const { key, value } of own) {
    const forged = key === name ? `${value.slice(0, -1)}${value.endsWith('A') ? 'B' : 'A'}` : value
    await thief.jar.setCookie(`${key}=${forged}`, fixture.issuer)
  }
  const client = await fixture.addClient({ first_party: true })
  const login = await thief.open(authorizeUrl(fixture, client).href)
  t.regex((await signIn(login, person)).text, /Enter the code/)
})

const odd = [
  '',
  ' ',
  'a\0b',
  '\ud800',
  'x'.repeat(5000),
  '{}',
  '[]',
  'null',
  '"text"',
  '{"id":"AAAA"}',
  '{"id":{"a":1},"__proto__":{"x":1}}',
  '{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{"clientDataJSON":"AA","authenticatorData":"AA","signature":"AA"}}',
  '１２３４５６',
  "' OR 1=1 --",
  'v1.AAAAAAAA.AAAA.AAAA',
]

onStorages('no odd value makes the second step fail or lets anybody in', async (t, begin) => {
  const fixture = await begin()
  const { page, browser, person } = await atQuestion(fixture)
  const csrf = page.root.querySelector('[name=csrf]')!.getAttribute('value')!
  const cookie = await browser.jar.getCookieString(page.url.href)
  const forms = ['second-factor', 'second-factor/enrol', 'passkey']
  for (const value of odd) {
    for (const form of forms) {
      for (const method of ['totp', 'recovery', 'passkey', value]) {
        const fields = { csrf, method, code: value, response: value, setup: value }
        const answered = await send(`${fixture.issuer}/interaction/${idOf(page)}/${form}`, {
          method: 'POST',
          body: new URLSearchParams(fields),
          headers: { cookie, accept: 'text/html' },
        })
        t.true(answered.status >= 400 && answered.status < 500, `${form} ${method} ${value}`)
      }
    }
    const { mfa_token } = (await login(fixture, person)).body
    const api = apiOf(fixture)
    const parsed = value.startsWith('{') ? (JSON.parse(value) as object) : { id: value }
    const bodies = [
      ['/auth/mfa', { mfa_token, method: 'totp', code: value }],
      ['/auth/mfa', { mfa_token, method: 'recovery', code: value }],
      ['/auth/mfa', { mfa_token, method: 'passkey', response: parsed }],
      ['/auth/mfa', { mfa_token: value, method: 'totp', code: '000000' }],
      ['/auth/passkey', { response: parsed, client_id: value }],
      ['/auth/passkey/options', { mfa_token: value }],
    ] as const
    for (const [path, body] of bodies) {
      const { status } = await api.call('POST', path, { body })
      t.true(status >= 400 && status < 500, `${path} ${status} ${value}`)
    }
  }
})
