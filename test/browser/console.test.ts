import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'
import { decodeJwt } from 'jose'
import type { Page } from 'playwright-core'
import { sections } from '#view/signed-in-pages.ts'
import { inChromium, openChromium } from '../support/chromium.ts'
import { start, type Fixture } from '../support/start.ts'

async function signIn(page: Page, fixture: Fixture): Promise<void> {
  const { id, email, password } = await fixture.addUser()
  await fixture.storage.users.update(id, { roles: ['admin'] })
  await page.goto(`${fixture.issuer}/console`)
  await page.getByLabel('E-mail or username').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

inChromium(
  'an administrator who has never seen OAuth makes a machine and gets a token with the pasted code',
  async (t) => {
    const fixture = await start(t)
    const page = await (await openChromium(t, { javaScriptEnabled: false })).newPage()
    const began = Date.now()
    await signIn(page, fixture)

    await page.getByRole('link', { name: 'New application' }).click()
    await page.getByRole('link', { name: 'Machine' }).click()
    await page.getByLabel('Name').fill('Nightly job')
    await page.getByLabel('API (resource)').selectOption(fixture.config.API_RESOURCE)
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('heading', { name: 'Nightly job is ready' }).waitFor()

    const box = page.locator('section.box').filter({ hasText: 'Command line' })
    const shell = spawn('sh', { env: { PATH: process.env['PATH'] ?? '' }, stdio: 'pipe' })
    shell.stdin.end(await box.locator('pre').innerText())
    const answer = JSON.parse(await text(shell.stdout)) as { access_token: string }
    t.is(decodeJwt(answer.access_token).aud, fixture.config.API_RESOURCE)
    t.true(Date.now() - began < 60_000)
  },
)

/** The web page of a single-page application, which has nothing but the pasted code. */
async function serveApp(
  t: ExecutionContext,
): Promise<{ origin: string; paste(code: string): void }> {
  let app = ''
  const library = await readFile('node_modules/oauth4webapi/build/index.js', 'utf8')
  const imports = '{"imports":{"oauth4webapi":"/oauth4webapi.js"}}'
  const html = `<!doctype html><title>Notes</title><script type="importmap">${imports}</script><body><script type="module" src="/app.js"></script>`
  const server = createServer((request, response) => {
    const isScript = request.url?.endsWith('.js') ?? false
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    if (!isScript) response.end(html)
    else response.end(request.url === '/app.js' ? app : library)
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return { origin: `http://localhost:${port}`, paste: (code) => void (app = code) }
}

inChromium('the pasted code of a single-page application signs a person in', async (t) => {
  const fixture = await start(t)
  const app = await serveApp(t)
  const page = await (await openChromium(t)).newPage()
  await signIn(page, fixture)
  await page.goto(`${fixture.issuer}/console/clients/new?kind=spa`)
  await page.getByLabel('Name').fill('Notes')
  await page.getByLabel('Redirect URIs', { exact: true }).fill(`${app.origin}/`)
  await page.getByRole('button', { name: 'Create' }).click()
  await page.getByRole('heading', { name: 'Notes is ready' }).waitFor()
  const box = page.locator('section.box').filter({ hasText: 'With oauth4webapi' })
  app.paste(await box.locator('pre').innerText())

  await page.goto(`${app.origin}/`)
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.getByText('Signed in:').waitFor()
  t.is(new URL(page.url()).search, '')
})

inChromium('nothing overflows on a phone, and a key is revoked in two steps', async (t) => {
  const fixture = await start(t)
  const owner = await fixture.addUser()
  const name = 'W'.repeat(100)
  await fixture.server.services.apiKeys.create(
    { userId: owner.id, name, scopes: [] },
    { scopes: new Set() },
  )
  await fixture.addClient({ client_name: '很长很长的应用名称'.repeat(20) })
  const browser = await openChromium(t, { viewport: { width: 375, height: 800 } })
  const page = await browser.newPage()
  await signIn(page, fixture)
  const links = page.getByRole('navigation', { name: 'Navigation' }).getByRole('link')
  const paths = await links.evaluateAll((all) => all.map((one) => one.getAttribute('href')!))
  t.is(paths.length, sections.console.length)
  for (const path of paths) {
    await page.goto(fixture.issuer + path)
    t.true(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), path)
  }
  await page.goto(`${fixture.issuer}/console/api-keys`)
  await page.getByRole('link', { name }).click()
  await page.getByRole('button', { name: 'Revoke' }).click()
  await page.getByText('API key revoked.').waitFor()
})
