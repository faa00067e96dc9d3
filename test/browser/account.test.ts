import type { BrowserContext, Page } from 'playwright-core'
import { codeIn } from '../support/codes.ts'
import { inChromium, openChromium } from '../support/chromium.ts'
import { openInbox } from '../support/inbox.ts'
import { start, type Fixture, type Person } from '../support/start.ts'

async function signIn(
  { issuer }: Fixture,
  browser: BrowserContext,
  { email, password }: Person,
): Promise<Page> {
  const page = await browser.newPage()
  await page.goto(`${issuer}/account`)
  await page.locator('[name=identifier]').fill(email)
  await page.locator('[name=password]').fill(password)
  await page.locator('button.primary').click()
  await page.locator('.page-details').waitFor()
  return page
}

inChromium('a person moves to another e-mail and copies a new key', async (t) => {
  const inbox = await openInbox(t)
  const fixture = await start(t, { env: { SMTP_URL: inbox.url } })
  const browser = await openChromium(t, { permissions: ['clipboard-read', 'clipboard-write'] })
  const page = await signIn(fixture, browser, await fixture.addUser())
  const complaints: string[] = []
  page.on('console', (one) => void (one.type() === 'error' && complaints.push(one.text())))
  page.on('pageerror', (error) => void complaints.push(error.message))

  await page.getByRole('link', { name: 'Change the address' }).click()
  await page.getByLabel('New e-mail address').fill('li.hua@example.com')
  await page.getByRole('button', { name: 'Send the code' }).click()
  await page.getByLabel('Code').fill(codeIn(await inbox.waitFor(/^Your code is/)))
  await page.getByRole('button', { name: 'Use this address' }).click()
  await page.getByText('E-mail address changed.').waitFor()
  t.true(await page.getByText('li.hua@example.com').first().isVisible())

  await page.getByRole('link', { name: 'API keys' }).click()
  await page.getByLabel('Name').fill('backup')
  await page.getByLabel('Read your profile and settings').check()
  await page.getByRole('button', { name: 'Create key' }).click()
  await page.getByRole('button', { name: 'Copy' }).click()
  await page.getByRole('button', { name: 'Copied' }).waitFor()
  const key = await page.locator('.once code').textContent()
  t.is(await page.evaluate('navigator.clipboard.readText()'), key)
  t.regex(key ?? '', /^uak_/)
  t.deepEqual(complaints, [])
})

const morePaths = [
  '/account/email',
  '/account/email/change',
  '/account/security/authenticator',
  '/account/security/passkeys',
]

inChromium(
  'without JavaScript, in Chinese, with long names, no page is wider than the phone',
  async (t) => {
    const fixture = await start(t)
    const person = await fixture.addUser({
      email: 'a.rather.long.name.of.a.person@mail.example.com',
    })
    await fixture.storage.users.update(person.id, {
      nickname: '欧阳娜娜与她非常非常长的显示名称'.repeat(3),
      locale: 'zh-CN',
    })
    await fixture.server.services.apiKeys.create(
      { userId: person.id, name: 'unbreakable'.repeat(9), scopes: [] },
      { scopes: new Set() },
    )
    const browser = await openChromium(t, { javaScriptEnabled: false })
    const page = await signIn(fixture, browser, person)
    const paths = await page
      .locator('.side a')
      .evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''))
    t.is(paths.length, 7)
    for (const path of [...paths, ...morePaths]) {
      await page.goto(fixture.issuer + path)
      t.is(await page.locator('html').getAttribute('lang'), 'zh-CN')
      t.is(await page.getByRole('button', { name: '复制' }).count(), 0)
      for (const width of [375, 768, 1280]) {
        await page.setViewportSize({ width, height: 800 })
        const overflow = 'document.documentElement.scrollWidth - window.innerWidth'
        t.is(await page.evaluate(overflow), 0, `${path} at ${width}`)
      }
    }
    await page.goto(`${fixture.issuer}/account/data`)
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: '下载' }).click()
    t.is((await download).suggestedFilename(), 'account.json')
  },
)
