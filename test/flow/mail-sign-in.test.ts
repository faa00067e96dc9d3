import test, { type ExecutionContext } from 'ava'
import { decodeJwt } from 'jose'
import { addApp } from '../support/authenticator.ts'
import { createBrowser } from '../support/browser.ts'
import { openInbox } from '../support/inbox.ts'
import { relyingParty } from '../support/relying-party.ts'
import { start, type Fixture, type StartOptions } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'

type Begin = (options?: StartOptions) => Promise<Fixture>

async function castOf(t: ExecutionContext, begin: Begin, mode = 'both') {
  const inbox = await openInbox(t)
  const env = { SMTP_URL: inbox.url, SIGN_IN_WITH_EMAIL: mode, MAILS_PER_HOUR: '3' }
  const fixture = await begin({ env })
  const person = await fixture.addUser()
  await fixture.storage.users.update(person.id, { emailVerified: true })
  const party = await relyingParty(fixture, await fixture.addClient({ first_party: true }))
  /** A browser that has asked for a mail to the address, and stands where the code is typed. */
  const ask = async (email: string) => {
    const browser = createBrowser(fixture.issuer)
    const pending = await party.begin()
    const login = await browser.open(pending.url.href)
    const href = login.root.querySelector('a.mail')!.getAttribute('href')!
    const page = await (await browser.open(href)).submit('/mail', { email })
    const claims = async (left: URL | undefined) =>
      decodeJwt((await pending.redeem(left!)).id_token!) as Record<string, unknown>
    return { browser, page, claims }
  }
  const mail = async () => {
    const { subject, text, to } = await inbox.waitFor(/sign-in (code|link)/)
    const code = /\d{3} \d{3}/.exec(subject)?.[0] ?? ''
    return { to, code, link: /http\S+token=\S+/.exec(text)?.[0] ?? '' }
  }
  return { fixture, person, ask, mail, inbox }
}

test('a mail signs no one in where the operator has not turned it on', async (t) => {
  const fixture = await start(t)
  const party = await relyingParty(fixture, await fixture.addClient())
  const browser = createBrowser(fixture.issuer)
  const login = await browser.open((await party.begin()).url.href)
  t.is(login.root.querySelector('a.mail'), null)
  const mail = login.url.href.replace(/(\/interaction\/[^/]+).*/, '$1/mail')
  t.is((await browser.open(mail)).status, 404)
  const csrf = login.root.querySelector('[name=csrf]')!.getAttribute('value')!
  const asked = await fetch(mail, {
    method: 'POST',
    headers: { cookie: await browser.jar.getCookieString(mail), origin: login.url.origin },
    body: new URLSearchParams({ csrf, email: 'someone@example.com' }),
    redirect: 'manual',
  })
  t.true([404, 405].includes(asked.status), String(asked.status))
})

onStorages('the code of a mail signs in, in the browser that asked, once', async (t, begin) => {
  const { person, ask, mail } = await castOf(t, begin)
  const { page, claims } = await ask(person.email.toUpperCase())
  t.regex(page.text, /Check your inbox/)
  const { to, code } = await mail()
  t.deepEqual(to, [person.email])
  const stranger = await ask('nobody@example.com')
  t.is((await stranger.page.submit('/mail/code', { code })).status, 422)
  const { left } = await page.submit('/mail/code', { code })
  t.like(await claims(left), { sub: person.id, acr: 'urn:yumen:acr:1', amr: ['otp'] })
  t.is((await page.submit('/mail/code', { code })).status, 400)
})

onStorages('of 20 uses of a mail’s code and link at once one signs in', async (t, begin) => {
  const { fixture, person, ask, mail } = await castOf(t, begin)
  const { page } = await ask(person.email)
  const { code, link } = await mail()
  const uid = page.url.pathname.split('/')[2]!
  const token = new URL(link).searchParams.get('token')!
  const { mailSignIn } = fixture.server.services.strongSignIn
  const shown = Array.from({ length: 20 }, (_, index) => (index % 4 ? { token } : { code }))
  const who = await Promise.all(shown.map((one) => mailSignIn.finish(uid, one)))
  t.deepEqual(
    who.filter((one) => one !== undefined),
    [{ userId: person.id, epoch: 0 }],
  )
})

test('the link of a mail wants one more click, and opened elsewhere it says so and does nothing', async (t) => {
  const { person, ask, mail } = await castOf(t, (options) => start(t, options), 'link')
  const { browser, page, claims } = await ask(person.email)
  t.is(page.root.querySelector('[name=code]'), null)
  const { link } = await mail()
  const elsewhere = await createBrowser(page.url.origin).open(link)
  t.is(elsewhere.status, 400)
  t.regex(elsewhere.text, /works only in the browser where you started signing in/)
  t.is(elsewhere.root.querySelector('form'), null)
  const confirm = await browser.open(link)
  t.is(confirm.left, undefined)
  const { left } = await confirm.submit('/mail/link')
  t.like(await claims(left), { sub: person.id })
})

test('five wrong codes end a mail, and a new one makes the old one worthless', async (t) => {
  const { person, ask, mail, inbox } = await castOf(t, (options) => start(t, options), 'code')
  const { page } = await ask(person.email)
  const { code } = await mail()
  const wrong = code === '000 000' ? '111111' : '000000'
  for (let tries = 0; tries < 5; tries++)
    t.is((await page.submit('/mail/code', { code: wrong })).status, 422)
  t.is((await page.submit('/mail/code', { code })).status, 422)

  inbox.received.length = 0
  const again = await ask(person.email)
  const first = (await mail()).code
  inbox.received.length = 0
  const uid = again.page.url.pathname.split('/')[2]!
  const form = await again.browser.open(`/interaction/${uid}/mail`)
  const sent = await form.submit('/mail', { email: person.email })
  const second = (await mail()).code
  if (first !== second) t.is((await sent.submit('/mail/code', { code: first })).status, 422)
  t.truthy((await sent.submit('/mail/code', { code: second })).left)
})

test('a mail that went to an address signs no one in once the account has another', async (t) => {
  const { fixture, person, ask, mail } = await castOf(t, (options) => start(t, options))
  const { page } = await ask(person.email)
  const { code, link } = await mail()
  await fixture.storage.users.update(person.id, { email: 'moved@example.com' })
  const { mailSignIn } = fixture.server.services.strongSignIn
  const token = new URL(link).searchParams.get('token')!
  t.is(await mailSignIn.finish(page.url.pathname.split('/')[2]!, { token }), undefined)
  t.is((await page.submit('/mail/code', { code })).status, 422)
  await fixture.storage.users.update(person.id, { email: person.email })
  t.truthy((await page.submit('/mail/code', { code })).left)
})

test('someone who was banned after the mail gets nowhere with it', async (t) => {
  const { fixture, person, ask, mail } = await castOf(t, (options) => start(t, options))
  const { page } = await ask(person.email)
  await fixture.storage.users.update(person.id, { bannedAt: Date.now() })
  t.is((await page.submit('/mail/code', { code: (await mail()).code })).status, 422)
  t.is((await fixture.storage.users.findById(person.id))?.loginCount, 0)
})

test('who is unknown, unconfirmed, banned or over the limit sees the same and gets no mail', async (t) => {
  const { fixture, person, ask, inbox, mail } = await castOf(t, (options) => start(t, options))
  const [unconfirmed, banned] = [await fixture.addUser(), await fixture.addUser()]
  await fixture.storage.users.update(banned.id, { emailVerified: true, bannedAt: Date.now() })
  const shown = async (email: string) => {
    const { page } = await ask(email)
    return page.text.replaceAll(/\s+/g, ' ')
  }
  const expected = await shown(person.email)
  await mail()
  for (const email of ['nobody@example.com', unconfirmed.email, banned.email])
    t.is(await shown(email), expected)
  for (let count = 0; count < 4; count++) t.is(await shown(person.email), expected)
  // Mails are queued in the order of the requests: when the last one is there, so are all before it.
  const last = await fixture.addUser()
  await fixture.storage.users.update(last.id, { emailVerified: true })
  t.is(await shown(last.email), expected)
  await inbox.waitFor(/sign-in/, last.email)
  await fixture.server.services.mail.queue.work()
  const sentTo = (email: string) => inbox.received.filter(({ to }) => to[0] === email).length
  t.deepEqual([sentTo(person.email), sentTo(last.email), inbox.received.length], [3, 1, 4])
  const { page } = await ask('no address')
  t.is(page.status, 422)
})

test('a mail is one factor: who has an app is asked for its code', async (t) => {
  const { fixture, person, ask, mail } = await castOf(t, (options) => start(t, options))
  const app = await addApp(fixture, person.id)
  const { page, claims } = await ask(person.email)
  const question = await page.submit('/mail/code', { code: (await mail()).code })
  t.regex(question.text, /Enter the code from your app/)
  const { left } = await question.submit('/second-factor', { code: app.next() })
  t.like(await claims(left), { acr: 'urn:yumen:acr:2' })
})

test('nothing of it is there unless it is turned on', async (t) => {
  const fixture = await start(t)
  const party = await relyingParty(fixture, await fixture.addClient())
  const browser = createBrowser(fixture.issuer)
  const login = await browser.open((await party.begin()).url.href)
  t.is(login.root.querySelector('a.mail'), null)
  t.is((await browser.open(`${login.url.href}/mail`)).status, 404)
})
