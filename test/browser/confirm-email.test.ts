import { codeIn } from '../support/codes.ts'
import { inChromium, openChromium } from '../support/chromium.ts'
import { openInbox } from '../support/inbox.ts'
import { start } from '../support/start.ts'

inChromium('a newcomer registers, types the code of the mail and is signed in', async (t) => {
  const inbox = await openInbox(t)
  const env = { SMTP_URL: inbox.url, EMAIL_VERIFICATION: 'required' }
  const fixture = await start(t, { env })
  const page = await (await openChromium(t)).newPage()

  await page.goto(`${fixture.issuer}/demo/login`)
  await page.getByRole('link', { name: 'Create an account' }).click()
  await page.getByLabel('E-mail').fill('li.hua@example.com')
  await page.getByLabel('Password').fill('a fine long pass phrase')
  await page.getByRole('button', { name: 'Create account' }).click()

  await page.getByRole('heading', { name: 'Enter the code' }).waitFor()
  t.true(await page.getByText('li.hua@example.com').isVisible())
  const field = page.getByLabel('Code')
  t.true(await field.evaluate((input) => input.matches(':focus')))
  await field.fill('12')
  await page.keyboard.press('Enter')
  t.regex((await page.getByRole('alert').textContent()) ?? '', /Code/)
  await page.getByLabel('Code').fill(codeIn(await inbox.waitFor(/^Your code is/)))
  await page.getByRole('button', { name: 'Continue' }).click()

  await page.getByRole('button', { name: 'Allow' }).click()
  await page.getByRole('heading', { name: 'ID token' }).waitFor()
  t.true((await page.textContent('main'))?.includes('"email_verified": true'))
})
