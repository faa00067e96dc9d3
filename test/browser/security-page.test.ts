import { inChromium, openChromium } from '../support/chromium.ts'
import { addAuthenticator } from '../support/passkeys.ts'
import { start } from '../support/start.ts'

inChromium('a person adds a passkey on their page, renames it and takes it away', async (t) => {
  const fixture = await start(t)
  const person = await fixture.addUser()
  const context = await openChromium(t)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (one) => void (one.type() === 'error' && complaints.push(one.text())))
  page.on('pageerror', (error) => void complaints.push(error.message))
  const authenticator = await addAuthenticator(page)
  await authenticator.answers(false)
  await page.goto(`${fixture.issuer}/account/security`)
  await page.getByLabel('E-mail or username').fill(person.email)
  await page.getByLabel('Password').fill(person.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()

  await page.getByRole('link', { name: 'Add a passkey' }).click()
  await page.getByLabel('Name').fill('My laptop')
  await authenticator.answers(true)
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByRole('heading', { name: 'Save your recovery codes' }).waitFor()
  t.is((await page.locator('.once code').textContent())?.split('\n').length, 10)
  // The first factor is asked for at once, and the passkey answers.
  await page.getByRole('link', { name: 'I saved them' }).click()
  await page.getByRole('button', { name: 'Use my passkey' }).click()

  await page.getByRole('link', { name: 'My laptop' }).click()
  await page.getByLabel('Name').fill('The old laptop')
  await page.getByRole('button', { name: 'Save the name' }).click()
  await page.getByRole('link', { name: 'The old laptop' }).click()
  await page.locator('summary', { hasText: 'Remove' }).click()
  await page.getByRole('button', { name: 'Remove' }).click()
  await page.getByText('You have no passkeys yet.').waitFor()
  t.deepEqual(await fixture.storage.factors.listByUser(person.id), [])
  t.deepEqual(complaints, [])
})
