import test from 'ava'
import { openInbox } from '../support/inbox.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { signIn } from './person.ts'

const path = '/account/data'

test('the language of the account goes before the browser’s, and a later choice before it', async (t) => {
  const fixture = await start(t)
  const { page, browser } = await signIn(fixture, await fixture.addUser(), { path })
  t.regex(page.text, /Language and data/)
  const chosen = await page.submit(`${path}/language`, { locale: 'zh-CN' })
  t.true(chosen.text.includes('语言已保存。'))
  await browser.jar.removeAllCookies()
  const elsewhere = await signIn(fixture, await fixture.addUser(), { path })
  t.is(elsewhere.page.root.querySelector('html')?.getAttribute('lang'), 'en')
})

test('in another browser the pages speak the person’s language, until they choose another there', async (t) => {
  const fixture = await start(t)
  const person = await fixture.addUser()
  await fixture.storage.users.update(person.id, { locale: 'zh-CN' })
  const { page, browser } = await signIn(fixture, person, { path })
  const langOf = (html: string) => /<html lang="([^"]+)"/.exec(html)?.[1]
  t.is(langOf(page.html), 'zh-CN')
  t.is(langOf((await browser.open(`${fixture.issuer}${path}?lang=en`)).html), 'en')
  const english = await browser.open(fixture.issuer + path)
  t.is(langOf(english.html), 'en')
  const automatic = await english.submit(`${path}/language`, { locale: '' })
  t.is(langOf(automatic.html), 'en')
  t.is((await fixture.storage.users.findById(person.id))?.locale, undefined)
  const cookies = await browser.jar.getCookies(fixture.issuer)
  t.false(cookies.some(({ key, value }) => key === 'yumen_locale' && value !== ''))
})

test('what is kept is downloaded as a file, and only by a form of ours', async (t) => {
  const fixture = await start(t)
  const person = await fixture.addUser()
  const { page, browser } = await signIn(fixture, person, { path })
  const file = await page.submit(`${path}/export`)
  t.is(file.headers.get('content-disposition'), 'attachment; filename="account.json"')
  t.is(file.headers.get('cache-control'), 'no-store')
  const kept = JSON.parse(file.html) as Record<string, unknown>
  t.like(kept, { user: { email: person.email } })
  const parts = ['api_keys', 'factors', 'grants', 'remembered_devices', 'sessions', 'user']
  t.deepEqual(Object.keys(kept).sort(), parts)
  const link = await browser.open(`${fixture.issuer}${path}/export`)
  t.true(link.status >= 400)
})

onStorages(
  'an account is erased after a typed word and a time of grace, in which a sign-in saves it',
  async (t, begin) => {
    const inbox = await openInbox(t)
    const fixture = await begin({ env: { SMTP_URL: inbox.url } })
    const person = await fixture.addUser()
    const { page, browser } = await signIn(fixture, person, { path })
    const unsure = await page.submit(`${path}/erase`, { confirm: 'yes' })
    t.is(unsure.status, 422)
    t.is((await fixture.storage.users.findById(person.id))?.eraseAt, undefined)

    const leaving = await unsure.submit(`${path}/erase`, { confirm: person.email })
    t.is(leaving.status, 200)
    const { eraseAt = 0 } = (await fixture.storage.users.findById(person.id))!
    t.true(eraseAt > Date.now() + 13.9 * 86_400_000)
    const day = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeZone: 'UTC' })
    t.true(leaving.text.includes(day.format(eraseAt)), leaving.text)
    const mail = await inbox.waitFor(/will be deleted/)
    t.deepEqual(mail.to, [person.email])
    t.true(mail.text.includes(day.format(eraseAt)))
    t.regex((await browser.open(`${fixture.issuer}/account`)).url.pathname, /^\/interaction/)

    await signIn(fixture, person)
    t.is((await fixture.storage.users.findById(person.id))?.eraseAt, undefined)
  },
)

test('the last administrator cannot leave', async (t) => {
  const env = { ADMIN_EMAIL: 'root@example.com', ADMIN_PASSWORD: 'the first of them all' }
  const fixture = await start(t, { env })
  const person = { email: env.ADMIN_EMAIL, password: env.ADMIN_PASSWORD }
  const { page } = await signIn(fixture, person, { path })
  const refused = await page.submit(`${path}/erase`, { confirm: person.email })
  t.is(refused.status, 422)
  t.regex(refused.text, /last administrator/)
})
