/**
 * Makes the pictures of README and of docs/ again: a server of its own on a free port, with people, applications and a
 * month of numbers in a temporary folder, as Chromium shows it.
 *
 *   npm run screenshots      (Chromium: apt-get install chromium)
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { loadConfig } from '#config/load.ts'
import { newSecret } from '#lib/ids.ts'
import { createLog } from '#telemetry/log.ts'
import { startServer } from '../src/server.ts'
import { openStorage } from '#compose/storage.ts'
import { freePort } from '../test/support/free-port.ts'
import { findProgram } from '../test/support/servers/find.ts'
import { fill, people, type Sample } from './sample-data.ts'

const images = join(import.meta.dirname, 'images')
const desktop = { width: 1280, height: 800 }
const phone = { width: 375, height: 812 }

async function main(): Promise<void> {
  const executablePath = findProgram(['chromium', 'chromium-browser', 'google-chrome'])
  if (!executablePath) throw new Error('no Chromium here: apt-get install chromium')
  const folder = await mkdtemp(join(tmpdir(), 'yumen-screenshots-'))
  const config = loadConfig(await environment(folder))
  const storage = await openStorage(config)
  const log = createLog('error', { write: (line) => void process.stderr.write(line) })
  const server = await startServer({ config, storage, log, version: '' })
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  try {
    await takeAll(browser, await fill({ issuer: config.ISSUER, storage, server }))
  } finally {
    await browser.close()
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function environment(folder: string): Promise<Record<string, string>> {
  const port = String(await freePort())
  const app = (name: string) => ({ [`${name}_ID`]: 'sample', [`${name}_SECRET`]: 'sample' })
  return {
    NODE_ENV: 'test',
    PORT: port,
    ISSUER: `http://localhost:${port}`,
    DATA_DIR: folder,
    SECRET_KEY: newSecret(48),
    ARGON2_MEMORY_KIB: '8192',
    ARGON2_TIME_COST: '1',
    REQUESTS_PER_MINUTE: '0',
    REQUESTS_PER_HOUR: '0',
    ...app('GOOGLE_CLIENT'),
    ...app('GITHUB_CLIENT'),
    ...app('WECHAT_WEB_APP'),
  }
}

async function takeAll(browser: Browser, sample: Sample): Promise<void> {
  const open = async (options: BrowserContextOptions): Promise<Page> =>
    (await browser.newContext({ viewport: desktop, locale: 'en', ...options })).newPage()
  const take = async (page: Page, name: string, url: string): Promise<void> => {
    await page.goto(url)
    await shoot(page, name)
  }
  const { issuer, authorizeUrl, clientId } = sample
  const chinese = { locale: 'zh-CN' }

  await take(await open({}), 'sign-in', authorizeUrl)
  await take(await open(chinese), 'sign-in-zh', authorizeUrl)
  const small = { viewport: phone, deviceScaleFactor: 2, colorScheme: 'dark', ...chinese } as const
  await take(await open(small), 'sign-in-phone', authorizeUrl)

  const person = await open({})
  await signIn(person, authorizeUrl, people.wei)
  await shoot(person, 'consent')
  await take(person, 'account', `${issuer}/account/sessions`)

  const administrator = await open({})
  await signIn(administrator, `${issuer}/console`, people.administrator)
  // The slowest operations are of what this process was asked.
  for (const path of ['users', 'audit', 'roles'])
    await administrator.goto(`${issuer}/console/${path}`)
  await take(administrator, 'console', `${issuer}/console`)
  await take(administrator, 'console-code', `${issuer}/console/clients/${clientId}/integrate`)
  await administrator.emulateMedia({ colorScheme: 'dark' })
  await take(administrator, 'console-users', `${issuer}/console/users?lang=zh-CN`)
}

/** Cards are shown whole on a desktop; of longer pages, and on a phone, what is in sight. */
async function shoot(page: Page, name: string): Promise<void> {
  const fullPage = name === 'consent' || name === 'sign-in' || name === 'sign-in-zh'
  await page.screenshot({ path: join(images, `${name}.png`), animations: 'disabled', fullPage })
}

async function signIn(page: Page, url: string, who: { email: string; password: string }) {
  await page.goto(url)
  await page.locator('[name=identifier]').fill(who.email)
  await page.locator('[name=password]').fill(who.password)
  await page.locator('form:has([name=password]) button.primary').click()
  await page.waitForURL((next) => !next.pathname.endsWith('/login'))
}

await main()
