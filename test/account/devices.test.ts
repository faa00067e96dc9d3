import test from 'ava'
import { apiOf } from '../support/api.ts'
import { createBrowser } from '../support/browser.ts'
import { openInbox, type Inbox } from '../support/inbox.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { phone, signIn } from './person.ts'

const subject = /^New sign-in/
const mailsIn = ({ received }: Inbox) => received.filter((mail) => subject.test(mail.subject))

onStorages(
  'the first sign-in is nobody’s news, another device is, and is known from then on',
  async (t, begin) => {
    const inbox = await openInbox(t)
    const fixture = await begin({ env: { SMTP_URL: inbox.url } })
    const person = await fixture.addUser()
    const first = await signIn(fixture, person)
    await first.browser.jar.removeAllCookies()
    const { browser } = await signIn(fixture, person, { agent: phone })
    const mail = await inbox.waitFor(subject)
    t.deepEqual(mail.to, [person.email])
    t.regex(mail.text, /Device: Safari on iOS/)
    t.regex(mail.text, /Address: 127\.0\.0\.1/)
    t.regex(mail.text, /Choose a new password\r?\n.*\/forgot-password/)

    const device = (await browser.jar.getCookies(fixture.issuer)).find(
      ({ key }) => key === 'yumen_device',
    )!
    t.true(device.httpOnly)
    const again = createBrowser(fixture.issuer, { 'user-agent': phone })
    await again.jar.setCookie(device, fixture.issuer)
    await signIn(fixture, person, { browser: again })
    await fixture.server.services.mail.queue.work()
    t.is(mailsIn(inbox).length, 1)

    // The same browser is new to another account, and its cookie is not what is kept.
    const other = await fixture.addUser()
    await apiOf(fixture).login(other)
    await browser.jar.removeAllCookies()
    await browser.jar.setCookie(device, fixture.issuer)
    await signIn(fixture, other, { browser })
    await fixture.server.services.mail.queue.work()
    t.is(mailsIn(inbox).length, 2)
    const kept = await fixture.storage.artifacts.listByAccount('KnownDevice', person.id)
    t.is(kept.length, 2)
    t.false(JSON.stringify(kept).includes(device.value))
  },
)

test('a newcomer who registers in a browser is told of the next one', async (t) => {
  const inbox = await openInbox(t)
  const fixture = await start(t, { env: { SMTP_URL: inbox.url } })
  const person = { email: 'li.hua@example.com', password: 'a fine long pass phrase' }
  const browser = createBrowser(fixture.issuer)
  const login = await browser.open(`${fixture.issuer}/account`)
  const link = login.root.querySelector('a[href$="/register"]')
  const register = await browser.open(link?.getAttribute('href') ?? '')
  await register.submit('/register', person)
  t.is(mailsIn(inbox).length, 0)
  await signIn(fixture, person, { agent: phone })
  t.regex((await inbox.waitFor(subject)).text, /Safari on iOS/)
})

test('an application that signs in by the JSON API is known by its name and address', async (t) => {
  const inbox = await openInbox(t)
  const fixture = await start(t, { env: { SMTP_URL: inbox.url, TRUSTED_PROXIES: '1' } })
  const { email, password } = await fixture.addUser()
  const login = (agent: string, from: string) =>
    apiOf(fixture).call('POST', '/auth/login', {
      body: { email, password },
      headers: { 'user-agent': agent, 'x-forwarded-for': from },
    })
  await login('notes/1.0', '192.0.2.1')
  await login('notes/2.0', '192.0.2.1')
  await fixture.server.services.mail.queue.work()
  t.is(mailsIn(inbox).length, 0)
  await login('notes/2.0', '192.0.2.7')
  t.regex((await inbox.waitFor(subject)).text, /Device: notes[^]*Address: 192\.0\.2\.7/)
})

test('after everything was ended, the next sign-in is told', async (t) => {
  const inbox = await openInbox(t)
  const fixture = await start(t, { env: { SMTP_URL: inbox.url } })
  const person = await fixture.addUser()
  const { browser } = await signIn(fixture, person)
  await fixture.server.services.signIns.sessions.endAll(person.id)
  await signIn(fixture, person, { browser })
  t.deepEqual((await inbox.waitFor(subject)).to, [person.email])
})

test('with NOTIFY_NEW_DEVICE=false nothing is kept and no one is told', async (t) => {
  const inbox = await openInbox(t)
  const fixture = await start(t, { env: { SMTP_URL: inbox.url, NOTIFY_NEW_DEVICE: 'false' } })
  const person = await fixture.addUser()
  await signIn(fixture, person)
  await signIn(fixture, person, { agent: phone })
  await fixture.server.services.mail.queue.work()
  t.is(mailsIn(inbox).length, 0)
  t.deepEqual(await fixture.storage.artifacts.listByAccount('KnownDevice', person.id), [])
})
