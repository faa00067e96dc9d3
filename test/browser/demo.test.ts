import type { Page } from 'playwright-core'
import { inChromium, openChromium } from '../support/chromium.ts'
import { start } from '../support/start.ts'

/** Everything that the browser complained about: errors on the console, refused resources. */
function complaints(page: Page): string[] {
  const seen: string[] = []
  page.on('console', (message) => void (message.type() === 'error' && seen.push(message.text())))
  page.on('pageerror', (error) => void seen.push(error.message))
  page.on('requestfailed', (request) => void seen.push(`${request.url()} failed`))
  return seen
}

inChromium('a newcomer goes from /demo to tokens, refreshes them and signs out', async (t) => {
  const fixture = await start(t)
  const person = await fixture.addUser({ email: 'li.hua@example.com' })
  const browser = await openChromium(t)
  const page = await browser.newPage()
  const seen = complaints(page)

  await page.goto(`${fixture.issuer}/demo`)
  await page.getByRole('link', { name: 'Sign in with Yumen' }).click()
  await page.getByLabel('E-mail or username').fill(person.email)
  await page.getByLabel('Password').fill(person.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Allow' }).click()

  await page.getByRole('heading', { name: 'ID token' }).waitFor()
  t.is(new URL(page.url()).pathname, '/demo')
  const shown = await page.textContent('main')
  t.true(shown?.includes(person.id))
  t.true(shown?.includes('"scope": "account:read"'))
  t.true(shown?.includes('"email": "li.hua@example.com"'))

  const before = await page.content()
  await page.getByRole('button', { name: 'Refresh the tokens' }).click()
  await page.getByRole('heading', { name: 'ID token' }).waitFor()
  t.not(await page.content(), before)

  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign out?' }).waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('link', { name: 'Sign in with Yumen' }).waitFor()
  const cookies = await browser.cookies()
  t.false(cookies.some(({ name }) => name === 'yumen_session'))
  t.deepEqual(seen, [])
})

inChromium('the journey needs no JavaScript, and speaks Chinese on a phone', async (t) => {
  const fixture = await start(t)
  const browser = await openChromium(t, {
    javaScriptEnabled: false,
    locale: 'zh-CN',
    viewport: { width: 375, height: 800 },
  })
  const page = await browser.newPage()
  await page.goto(`${fixture.issuer}/demo/login`)
  await page.getByRole('link', { name: '注册' }).click()
  await page.getByLabel('邮箱').fill('not an address')
  await page
    .locator('form')
    .first()
    .evaluate((form) => form.setAttribute('novalidate', ''))
  await page.locator('main form button').first().click()
  t.regex((await page.getByRole('alert').textContent()) ?? '', /邮箱/)

  await page.getByLabel('邮箱').fill('小明@example.com')
  t.true(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth'))
})
