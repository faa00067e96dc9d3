import test from 'ava'
import { locales } from '#view/translate.ts'
import { createBrowser } from '../support/browser.ts'
import { start } from '../support/start.ts'

test('in development every mail is shown in each language, as HTML and as text', async (t) => {
  const fixture = await start(t, { path: '/id' })
  const browser = createBrowser(fixture.issuer)
  const page = await browser.open(`${fixture.issuer}/dev/mail`)
  const links = page.root.querySelectorAll('.mails a').map((one) => one.getAttribute('href') ?? '')
  t.true(links.length > 2 * 2 * 10)
  for (const link of links) {
    const mail = await browser.open(new URL(link, fixture.issuer).href)
    t.is(mail.status, 200, link)
    t.is(
      mail.headers.get('content-type')?.split(';')[0],
      link.endsWith('.txt') ? 'text/plain' : 'text/html',
    )
    t.regex(mail.headers.get('content-security-policy') ?? '', /^default-src 'none'/)
  }
  for (const locale of locales) t.true(links.some((link) => link.endsWith(`/${locale}.html`)))
  for (const other of [
    'nothing/en.html',
    'welcome/fr.html',
    'welcome/en.exe',
    'constructor/en.txt',
  ])
    t.is((await browser.open(`${fixture.issuer}/dev/mail/${other}`)).status, 404, other)
})

test('in production there is no such page', async (t) => {
  const env = { NODE_ENV: 'production', ALLOW_INSECURE_ISSUER: 'true' }
  const fixture = await start(t, { env })
  const browser = createBrowser(fixture.issuer)
  t.is((await browser.open(`${fixture.issuer}/dev/mail`)).status, 404)
})
