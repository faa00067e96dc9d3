import test from 'ava'
import { readFileSync } from 'node:fs'
import { apiOf } from '../support/api.ts'
import { appWith } from '../support/authenticator.ts'
import { createBrowser } from '../support/browser.ts'
import { codeIn } from '../support/codes.ts'
import { openInbox, type Inbox } from '../support/inbox.ts'
import { relyingParty } from '../support/relying-party.ts'
import { start, type Fixture } from '../support/start.ts'
import { sendRaw } from './raw.ts'

/** Zitadel CVE-2023-49097, 2025-48936, 2025-64101; koa CVE-2026-27959: the link of a mail was built from the request. */

const hostile: [string, string][] = [
  ['host', 'evil.example'],
  ['x-forwarded-host', 'evil.example'],
  ['x-forwarded-proto', 'gopher'],
  ['x-forwarded-port', '8443'],
  ['x-forwarded-prefix', '/evil'],
  ['forwarded', 'for=192.0.2.1;host=evil.example;proto=gopher'],
  ['x-original-host', 'evil.example'],
  ['x-original-url', 'https://evil.example/'],
  ['origin', 'https://evil.example'],
  ['referer', 'https://evil.example/'],
]

interface Sentences {
  mail: Record<string, { subject?: string }>
}

/** Every mail that there is: each has its sentences. */
const { mail } = JSON.parse(readFileSync('views/locales/en.json', 'utf8')) as Sentences
const kinds = Object.entries(mail).flatMap(([kind, { subject }]) =>
  subject === undefined ? [] : [{ kind, subject: subject.replaceAll('{brand}', 'Yumen') }],
)

/** Says what an attacker may say, through a body that is as it should be. */
async function say(
  { issuer }: Fixture,
  path: string,
  { token, agent, ...body }: { [field: string]: string | undefined },
): Promise<number> {
  const { status } = await sendRaw(issuer, {
    method: 'POST',
    path,
    headers: [
      ...hostile,
      ['content-type', 'application/json'],
      ...(agent === undefined ? [] : [['user-agent', agent] as [string, string]]),
      ...(token === undefined ? [] : [['authorization', `Bearer ${token}`] as [string, string]]),
    ],
    body: JSON.stringify(body),
  })
  return status
}

/** Settings that a mail is only sent with. */
const settings: Record<string, Record<string, string>> = {
  signInCode: { SIGN_IN_WITH_EMAIL: 'code' },
  signInLink: { SIGN_IN_WITH_EMAIL: 'link' },
  signInBoth: { SIGN_IN_WITH_EMAIL: 'both' },
}

/** Through the pages: a browser sends no other `Host`, and a form of another origin is refused. */
async function signInByMail(fixture: Fixture): Promise<number> {
  const { id, email } = await fixture.addUser()
  await fixture.storage.users.update(id, { emailVerified: true })
  const forwarded = Object.fromEntries(hostile.filter(([name]) => name.startsWith('x-')))
  const browser = createBrowser(fixture.issuer, forwarded)
  const party = await relyingParty(fixture, await fixture.addClient({ first_party: true }))
  const login = await browser.open((await party.begin()).url.href)
  const href = login.root.querySelector('a.mail')!.getAttribute('href')!
  return (await (await browser.open(href)).submit('/mail', { email })).status
}

/** Adds an authenticator app by the JSON API. */
async function addFactor(fixture: Fixture): Promise<{ token: string; id: string; status: number }> {
  const person = await fixture.addUser()
  const api = apiOf(fixture)
  const { access_token: token } = await api.login(person)
  const begun = await api.call('POST', '/users/me/factors/totp', { token, body: {} })
  const { secret, setup_token } = begun.body
  const confirm = { setup_token, code: appWith(secret).next() }
  const status = await say(fixture, '/users/me/factors/totp/confirm', { ...confirm, token })
  const { factors } = (await api.call('GET', '/users/me/factors', { token })).body
  return { token, id: factors[0].id, status }
}

/** By kind: what makes the server send it. */
const occasions: Record<string, (fixture: Fixture, inbox: Inbox) => Promise<number>> = {
  welcome: (fixture) =>
    say(fixture, '/auth/register', { email: 'new@example.com', password: 'a long password' }),
  async resetPassword(fixture) {
    const { email } = await fixture.addUser()
    return say(fixture, '/auth/forgot-password', { email, host: 'evil.example' })
  },
  signInCode: signInByMail,
  signInLink: signInByMail,
  signInBoth: signInByMail,
  factorAdded: async (fixture) => (await addFactor(fixture)).status,
  async factorRemoved(fixture) {
    const { token, id } = await addFactor(fixture)
    const { status } = await apiOf(fixture).call('DELETE', `/users/me/factors/${id}`, {
      token,
      body: {},
    })
    return status
  },
  async verifyEmail(fixture) {
    const { email } = await fixture.addUser()
    return say(fixture, '/auth/request-verify', { email, redirect_uri: 'https://evil.example/' })
  },
  async registeredAgain(fixture) {
    const { email } = await fixture.addUser()
    return say(fixture, '/auth/register', { email, password: 'another password' })
  },
  async passwordChanged(fixture) {
    const person = await fixture.addUser()
    const { access_token: token } = await apiOf(fixture).login(person)
    const passwords = { current_password: person.password, new_password: 'another password' }
    return say(fixture, '/users/me/password', { ...passwords, token })
  },
  changeEmail: (fixture) => changeAddress(fixture, 'new@example.com'),
  emailChanging: (fixture) => changeAddress(fixture, 'new@example.com'),
  emailTaken: async (fixture) => changeAddress(fixture, (await fixture.addUser()).email),
  async emailChanged(fixture, inbox) {
    const { access_token: token } = await apiOf(fixture).login(await fixture.addUser())
    await say(fixture, '/users/me/email', { email: 'new@example.com', token })
    const code = codeIn(await inbox.waitFor(/^Your code is/))
    return say(fixture, '/users/me/email/confirm', { code, token })
  },
  async newDevice(fixture) {
    const { email, password } = await fixture.addUser()
    await apiOf(fixture).login({ email, password })
    return say(fixture, '/auth/login', { email, password, agent: 'https://evil.example/1.0' })
  },
  async takenOver(fixture, inbox) {
    const { email, ...person } = await fixture.addUser()
    const api = apiOf(fixture)
    const { access_token: token } = await api.login({ email, ...person })
    const body = { name: 'script', scopes: ['account:read'] }
    await api.call('POST', '/users/api-keys', { token, body })
    await say(fixture, '/auth/forgot-password', { email })
    const { text } = await inbox.waitFor(/^Choose a new/)
    const link = new URL(/\S+token=\S+/.exec(text)![0])
    const reset = { token: link.searchParams.get('token')!, password: 'another long password' }
    return (await api.call('POST', '/auth/reset-password', { body: reset })).status
  },
  async erasing(fixture) {
    const { access_token: token } = await apiOf(fixture).login(await fixture.addUser())
    const { status } = await apiOf(fixture).call('DELETE', '/users/me', { token })
    return status
  },
}

/** Asks for another address as someone who has just signed in. */
async function changeAddress(fixture: Fixture, email: string): Promise<number> {
  const { access_token: token } = await apiOf(fixture).login(await fixture.addUser())
  return say(fixture, '/users/me/email', { email, token })
}

/** The sentence, with anything in the place of its values. */
const patternOf = (sentence: string): RegExp =>
  new RegExp(
    sentence
      .split(/\{\w+\}/)
      .map((words) => words.replaceAll(/\W/g, '\\$&'))
      .join('.*'),
  )

const addressesIn = (text: string): string[] => text.match(/[a-z]+:\/\/[^\s"'<>]+/gi) ?? []

test('every kind of mail has an occasion here', (t) => {
  t.true(kinds.length > 4)
  t.deepEqual(kinds.map(({ kind }) => kind).sort(), Object.keys(occasions).sort())
})

for (const { kind, subject } of kinds) {
  for (const trusted of ['0', '2']) {
    test(`the links of ${kind} lead to ISSUER, whatever a request says, with TRUSTED_PROXIES=${trusted}`, async (t) => {
      const inbox: Inbox = await openInbox(t)
      const fixture = await start(t, {
        env: {
          SMTP_URL: inbox.url,
          EMAIL_VERIFICATION: 'off',
          TRUSTED_PROXIES: trusted,
          ...settings[kind],
        },
      })
      const status = await occasions[kind]!(fixture, inbox)
      t.true(status >= 200 && status < 300, String(status))
      const { text, html } = await inbox.waitFor(patternOf(subject))
      for (const part of [text, html]) {
        // What is random holds any four letters one day.
        const written = part.replaceAll(/token=[\w-]+/g, '').replaceAll(fixture.issuer, '')
        t.notRegex(written, /evil|gopher|8443/)
        const addresses = addressesIn(part)
        t.true(addresses.length > 0, part)
        for (const address of addresses) t.is(new URL(address).origin, fixture.issuer, address)
      }
    })
  }
}
