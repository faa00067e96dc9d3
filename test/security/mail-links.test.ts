import test from 'ava'
import { readFileSync } from 'node:fs'
import { apiOf } from '../support/api.ts'
import { openInbox, type Inbox } from '../support/inbox.ts'
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
  { token, ...body }: { [field: string]: string | undefined },
): Promise<number> {
  const { status } = await sendRaw(issuer, {
    method: 'POST',
    path,
    headers: [
      ...hostile,
      ['content-type', 'application/json'],
      ...(token === undefined ? [] : [['authorization', `Bearer ${token}`] as [string, string]]),
    ],
    body: JSON.stringify(body),
  })
  return status
}

/** By kind: what makes the server send it. */
const occasions: Record<string, (fixture: Fixture) => Promise<number>> = {
  welcome: (fixture) =>
    say(fixture, '/auth/register', { email: 'new@example.com', password: 'a long password' }),
  async resetPassword(fixture) {
    const { email } = await fixture.addUser()
    return say(fixture, '/auth/forgot-password', { email, host: 'evil.example' })
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
        env: { SMTP_URL: inbox.url, EMAIL_VERIFICATION: 'off', TRUSTED_PROXIES: trusted },
      })
      const status = await occasions[kind]!(fixture)
      t.true(status >= 200 && status < 300, String(status))
      const { text, html } = await inbox.waitFor(patternOf(subject))
      for (const part of [text, html]) {
        t.notRegex(part, /evil|gopher|8443/)
        const addresses = addressesIn(part)
        t.true(addresses.length > 0, part)
        for (const address of addresses) t.is(new URL(address).origin, fixture.issuer, address)
      }
    })
  }
}
