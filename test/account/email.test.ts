import test from 'ava'
import { apiOf } from '../support/api.ts'
import { codeIn, otherThan } from '../support/codes.ts'
import { openInbox } from '../support/inbox.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { signIn } from './person.ts'

const change = '/account/email/change'

onStorages(
  'a person moves to another address: the old one hears of it, and only the code of the new one counts',
  async (t, begin) => {
    const inbox = await openInbox(t)
    const fixture = await begin({ env: { SMTP_URL: inbox.url } })
    const person = await fixture.addUser()
    const { page } = await signIn(fixture, person, { path: change })
    const asked = await page.submit(change, { email: ' New.One@example.com ' })
    t.is(asked.url.pathname, '/account/email')
    t.true(asked.text.includes('New.One@example.com'))
    const mail = await inbox.waitFor(/^Your code is/)
    t.deepEqual(mail.to, ['New.One@example.com'])
    const warning = await inbox.waitFor(/^A new address/)
    t.deepEqual(warning.to, [person.email])

    const code = codeIn(mail)
    const wrong = await asked.submit('/account/email/confirm', { code: otherThan(code) })
    t.is(wrong.status, 422)
    t.truthy(wrong.root.querySelector('#code-error'))
    t.is((await fixture.storage.users.findById(person.id))?.email, person.email)

    const done = await wrong.submit('/account/email/confirm', { code })
    t.true(done.text.includes('E-mail address changed.'))
    t.like(await fixture.storage.users.findById(person.id), {
      email: 'New.One@example.com',
      emailVerified: true,
    })
    t.deepEqual((await inbox.waitFor(/address of .* was changed/)).to, [person.email])
    const again = await wrong.submit('/account/email/confirm', { code })
    t.is(again.status, 422)
    await apiOf(fixture).login({ ...person, email: 'new.one@example.com' })
  },
)

test('an address that someone has looks like any other, and its owner hears of it', async (t) => {
  const inbox = await openInbox(t)
  const fixture = await start(t, { env: { SMTP_URL: inbox.url } })
  const owner = await fixture.addUser()
  const { page } = await signIn(fixture, await fixture.addUser(), { path: change })
  const taken = await page.submit(change, { email: owner.email })
  const mail = await inbox.waitFor(/already has an account/)
  t.deepEqual(mail.to, [owner.email])
  t.notRegex(mail.text, /\d{3} \d{3}/)
  const free = await page.submit(change, { email: 'free@example.com' })
  await inbox.waitFor(/^Your code is/)
  t.is(free.text.replace('free@example.com', ''), taken.text.replace(owner.email, ''))
  t.false(inbox.received.some(({ to, subject }) => to[0] === owner.email && /code/.test(subject)))
})

test('links that went to the old address are void once the new one counts', async (t) => {
  const inbox = await openInbox(t)
  const fixture = await start(t, { env: { SMTP_URL: inbox.url } })
  const person = await fixture.addUser()
  const api = apiOf(fixture)
  const { access_token: token } = await api.login(person)
  await api.call('POST', '/auth/forgot-password', { body: { email: person.email } })
  const { text } = await inbox.waitFor(/^Choose a new/)
  const { password } = person
  const body = { email: 'new@example.com', password }
  t.is((await api.call('POST', '/users/me/email', { token, body })).status, 202)
  const code = codeIn(await inbox.waitFor(/^Your code is/))
  const { status } = await api.call('POST', '/users/me/email/confirm', { token, body: { code } })
  t.is(status, 200)
  const reset = { token: /token=([\w-]+)/.exec(text)?.[1], password: 'another long pass phrase' }
  t.is((await api.call('POST', '/auth/reset-password', { body: reset })).status, 400)
})

test('anyone who guesses the password of a token’s owner is locked out like at the sign-in', async (t) => {
  const inbox = await openInbox(t)
  const fixture = await start(t, { env: { SMTP_URL: inbox.url, LOGIN_MAX_FAILURES: '2' } })
  const person = await fixture.addUser()
  const api = apiOf(fixture)
  const { access_token: token } = await api.login(person)
  const guess = (password: string) =>
    api.call('POST', '/users/me/email', { token, body: { email: 'new@example.com', password } })
  for (const password of ['one', 'two', person.password])
    t.is((await guess(password)).status, 401, password)
})

test('the present address is confirmed from here', async (t) => {
  const inbox = await openInbox(t)
  const fixture = await start(t, { env: { SMTP_URL: inbox.url } })
  const person = await fixture.addUser()
  const { page } = await signIn(fixture, person, { path: '/account/email' })
  const sent = await page.submit('/account/email/send')
  const code = codeIn(await inbox.waitFor(/^Your code is/))
  t.is((await sent.submit('/account/email/verify', { code: '' })).status, 422)
  const done = await sent.submit('/account/email/verify', { code: code })
  t.true(done.text.includes('E-mail address confirmed.'))
  t.true((await fixture.storage.users.findById(person.id))?.emailVerified)
})

test('a text that is no address is refused beside its field', async (t) => {
  const fixture = await start(t)
  const { page } = await signIn(fixture, await fixture.addUser(), { path: change })
  for (const email of ['', 'nobody', 'a@b']) {
    const retry = await page.submit(change, { email })
    t.is(retry.status, 422)
    t.truthy(retry.root.querySelector('#email-error'))
  }
})
