import type { ExecutionContext } from 'ava'
import { exportPKCS8, generateKeyPair } from 'jose'
import type { Page } from 'playwright-core'
import { inChromium, openChromium } from '../support/chromium.ts'
import { githubEnv, googleEnv, wechatEnv } from '../federation/journey.ts'
import { githubStandIn } from '../support/stand-ins/github.ts'
import { oidcStandIn } from '../support/stand-ins/oidc.ts'
import { wechatStandIn } from '../support/stand-ins/wechat.ts'
import { start } from '../support/start.ts'

/** A server with many providers; the demo app is the application. They stand on another site than the server. */
async function scene(t: ExecutionContext) {
  const google = await oidcStandIn(t)
  const github = await githubStandIn(t)
  const wechat = await wechatStandIn(t)
  const apple = await oidcStandIn(t, { isFormPost: true })
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  apple.isSecret = () => true
  const fixture = await start(t, {
    env: {
      ...googleEnv(google),
      ...githubEnv(github),
      ...wechatEnv(wechat),
      APPLE_CLIENT_ID: apple.clientId,
      APPLE_TEAM_ID: 'T',
      APPLE_KEY_ID: 'K',
      APPLE_PRIVATE_KEY: await exportPKCS8(privateKey),
      APPLE_BASE_URL: apple.url,
    },
  })
  return { google, github, wechat, apple, fixture }
}

const shots = process.env['SCREENSHOTS']

/** Keeps a picture when someone wants to look: SCREENSHOTS=folder. */
async function look(page: Page, name: string): Promise<void> {
  if (shots) await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true })
}

inChromium('a newcomer signs in through Google, and again without a question', async (t) => {
  const { google, fixture } = await scene(t)
  google.person = { sub: 'G1', name: '李华 🌸', email: 'li@gmail.com', email_verified: true }
  const page = await (await openChromium(t)).newPage()
  await page.goto(`${fixture.issuer}/demo/login`)
  await page.getByRole('button', { name: 'Continue with Google' }).click()
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.getByRole('heading', { name: 'ID token' }).waitFor()
  t.true((await page.textContent('main'))?.includes('李华 🌸'))
})

inChromium('Apple’s form from another site reaches the browser that began', async (t) => {
  const { apple, fixture } = await scene(t)
  apple.person = { sub: 'A1' }
  apple.extra = { user: '{"name":{"firstName":"Li"}}' }
  const page = await (await openChromium(t)).newPage()
  await page.goto(`${fixture.issuer}/demo/login`)
  await page.getByRole('button', { name: 'Continue with Apple' }).click()
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.getByRole('heading', { name: 'ID token' }).waitFor()
  t.is((await fixture.storage.users.list({ limit: 5, q: 'Li' })).users[0]?.nickname, 'Li')
})

inChromium('who cancels, or finds the provider down, reads so and goes another way', async (t) => {
  const { github, google, fixture } = await scene(t)
  const page = await (await openChromium(t)).newPage()
  await page.goto(`${fixture.issuer}/demo/login`)
  github.mood = 'denying'
  await page.getByRole('button', { name: 'Continue with GitHub' }).click()
  t.regex((await page.getByRole('alert').textContent())!, /You did not sign in with GitHub/)
  await look(page, 'cancelled')
  google.mood = 'failing'
  await page.getByRole('button', { name: 'Continue with Google' }).click()
  await page.waitForURL(/provider=google/)
  t.regex((await page.getByRole('alert').textContent())!, /Google/)
  github.mood = 'willing'
  await page.getByRole('button', { name: 'Continue with GitHub' }).click()
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.getByRole('heading', { name: 'ID token' }).waitFor()
})

inChromium(
  'an account that is there is linked with its password, in Chinese and on a phone',
  async (t) => {
    const { google, fixture } = await scene(t)
    const person = await fixture.addUser({ email: 'li.hua@gmail.com' })
    google.person = { sub: 'G1', email: person.email, email_verified: false }
    const browser = await openChromium(t, {
      locale: 'zh-CN',
      viewport: { width: 375, height: 800 },
      colorScheme: 'dark',
    })
    const page = await browser.newPage()
    await page.goto(`${fixture.issuer}/demo/login`)
    await look(page, 'login-zh-375-dark')
    await page.getByRole('button', { name: '使用 Google 登录' }).click()
    await page.getByRole('heading', { name: '你已经有账号了吗？' }).waitFor()
    t.true(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth'))
    await look(page, 'link-zh-375-dark')
    await page.getByLabel('这个账号的密码').fill(person.password)
    await page.getByRole('button', { name: '登录并关联' }).click()
    await page.getByRole('button', { name: '允许' }).click()
    await page.getByRole('heading', { name: 'ID token' }).waitFor()
    t.is((await fixture.storage.identities.listByUser(person.id)).length, 1)
  },
)

inChromium('a person links an account on their own page, and takes it away', async (t) => {
  const { wechat, fixture } = await scene(t)
  const person = await fixture.addUser()
  const page = await (await openChromium(t)).newPage()
  await page.goto(`${fixture.issuer}/account/identities`)
  await look(page, 'login-en-1280-light')
  await page.getByLabel('E-mail or username').fill(person.email)
  await page.getByLabel('Password').fill(person.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('button', { name: 'Link WeChat' }).click()
  await page.getByText(wechat.person.nickname).waitFor()
  await look(page, 'identities-en-1280-light')
  await page.setViewportSize({ width: 375, height: 800 })
  await page.emulateMedia({ colorScheme: 'dark' })
  await look(page, 'identities-en-375-dark')
  t.true(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth'))
  await page.getByRole('button', { name: 'Remove WeChat' }).click()
  await page.getByText('None yet.').waitFor()
  t.deepEqual(await fixture.storage.identities.listByUser(person.id), [])
})
