import { newSecret } from '#lib/ids.ts'
import { apiOf } from '../support/api.ts'
import { createBrowser, type Page } from '../support/browser.ts'
import { codeIn } from '../support/codes.ts'
import type { Person } from '../support/start.ts'
import { authorizeUrl, newCast } from '../security/journey.ts'
import { cookiesOf, formOf, post } from './forms.ts'
import { sound, type Kind, type RaceStage, type Shot } from './race-kind.ts'

/** The mail that is asked for now. */
async function mailOf(
  { fixture, inbox }: RaceStage,
  person: Person,
  [path, subject]: [string, RegExp],
): Promise<{ code: string; token: string }> {
  await apiOf(fixture).call('POST', path, { body: { email: person.email } })
  const mail = await inbox.waitFor(subject, person.email)
  return { code: codeIn(mail), token: /token=([\w-]+)/.exec(mail.text)?.[1] ?? '' }
}

/** The same call fifty times; each may have a body of its own. */
const calling =
  (path: string, bodyOf: (n: number) => object, token?: string): Shot =>
  async (door, n) => {
    const call = { body: bodyOf(n), token }
    const { status, body } = await apiOf({ issuer: door }).call('POST', path, call)
    sound(status, JSON.stringify(body))
    return status < 300 ? String(n) : undefined
  }

const verification: [string, RegExp] = ['/auth/request-verify', /^Your code is/]

/** A browser that has asked for a mail that signs in. */
async function askedForMail({ fixture }: RaceStage) {
  const { client, person } = await newCast(fixture, { first_party: true })
  await fixture.storage.users.update(person.id, { emailVerified: true })
  const browser = createBrowser(fixture.issuer)
  const login = await browser.open(authorizeUrl(fixture, client).href)
  const href = login.root.querySelector('a.mail')!.getAttribute('href')!
  const page = await (await browser.open(href)).submit('/mail', { email: person.email })
  return { browser, page, person }
}

/** Presses one button fifty times; anyone who is let in is sent on. */
async function pressing(
  { browser, page }: { browser: ReturnType<typeof createBrowser>; page: Page },
  action: string,
  more: Record<string, string> = {},
): Promise<Shot> {
  const form = formOf(page, action)
  const cookie = await cookiesOf(browser, form.action)
  return async (door, n) => {
    const url = new URL(form.action.pathname, door)
    const answer = await post({ action: url }, { ...form.fields, ...more }, { cookie })
    sound(answer.status, answer.text)
    return answer.status === 303 ? String(n) : undefined
  }
}

export const mailKinds: Kind[] = [
  {
    name: 'reset token',
    async prepare(stage) {
      const person = await stage.fixture.addUser()
      const { token } = await mailOf(stage, person, ['/auth/forgot-password', /new .*password/i])
      return calling('/auth/reset-password', () => ({ token, password: newSecret() }))
    },
  },
  {
    name: 'verify token',
    async prepare(stage) {
      const { token } = await mailOf(stage, await stage.fixture.addUser(), verification)
      return calling('/auth/verify-email', () => ({ token }))
    },
  },
  {
    name: 'verify code',
    async prepare(stage) {
      const person = await stage.fixture.addUser()
      const { code } = await mailOf(stage, person, verification)
      return calling('/auth/verify-email', () => ({ email: person.email, code }))
    },
  },
  {
    name: 'change-email code',
    async prepare({ fixture, inbox }) {
      const person = await fixture.addUser()
      const api = apiOf(fixture)
      const { access_token: token } = await api.login(person)
      const email = `new-${person.email}`
      const body = { email, current_password: person.password }
      await api.call('POST', '/users/me/email', { token, body })
      const code = codeIn(await inbox.waitFor(/^Your code is/, email))
      return calling('/users/me/email/confirm', () => ({ code }), token)
    },
  },
  {
    name: 'mail code',
    async prepare(stage) {
      const asked = await askedForMail(stage)
      const { subject } = await stage.inbox.waitFor(/sign-in code/, asked.person.email)
      const code = /\d{3} \d{3}/.exec(subject)![0]
      return pressing(asked, '/mail/code', { code })
    },
  },
  {
    name: 'mail link',
    async prepare(stage) {
      const asked = await askedForMail(stage)
      const { text } = await stage.inbox.waitFor(/sign-in code/, asked.person.email)
      const page = await asked.browser.open(/http\S+token=\S+/.exec(text)![0])
      return pressing({ ...asked, page }, '/mail/link')
    },
  },
]
