import { decodeJwt } from 'jose'
import { appWith } from '../support/authenticator.ts'
import { inChromium, openChromium } from '../support/chromium.ts'
import { openApplication } from '../support/passkeys.ts'
import { relyingParty } from '../support/relying-party.ts'
import { start } from '../support/start.ts'

inChromium(
  'on a phone, in Chinese and without JavaScript, somebody sets up an app and gets in with its code',
  async (t) => {
    const fixture = await start(t, { env: { SECOND_FACTOR_FOR_ROLES: 'staff' } })
    const person = await fixture.addUser()
    await fixture.storage.users.update(person.id, { roles: ['staff'] })
    const { redirectUri, back } = await openApplication(t)
    const metadata = { first_party: true, redirect_uris: [redirectUri] }
    const party = await relyingParty(fixture, await fixture.addClient(metadata))
    const context = await openChromium(t, {
      javaScriptEnabled: false,
      locale: 'zh-CN',
      viewport: { width: 375, height: 800 },
    })
    const page = await context.newPage()
    const fits = 'document.documentElement.scrollWidth <= window.innerWidth'
    const signIn = async (request: Record<string, string>) => {
      const pending = await party.begin({ redirect_uri: redirectUri, ...request })
      await page.goto(pending.url.href)
      t.false(await page.locator('.passkey').isVisible())
      await page.getByLabel('邮箱或用户名').fill(person.email)
      await page.getByLabel('密码').fill(person.password)
      await page.getByRole('button', { name: '登录', exact: true }).click()
      return async () => decodeJwt((await pending.redeem(await back(page))).id_token!)
    }

    const claims = await signIn({})
    await page.getByRole('heading', { name: '添加身份验证器' }).waitFor()
    t.true(await page.evaluate(fits))
    const box = await page.locator('.qr svg').boundingBox()
    t.true(box!.width >= 180)
    await page.getByText('无法扫描？').click()
    const app = appWith((await page.locator('.secret').textContent())!.replaceAll(/\s/g, ''))
    await page.getByLabel('验证码').fill(app.next())
    await page.getByRole('button', { name: '开启' }).click()
    t.is(await page.locator('.codes li').count(), 10)
    t.true(await page.evaluate(fits))
    await page.getByRole('link', { name: '我已经保存好了' }).click()
    t.like(await claims(), { acr: 'urn:yumen:acr:2' })

    const again = await signIn({ prompt: 'login' })
    t.is(
      await page.getByLabel('验证码', { exact: true }).getAttribute('autocomplete'),
      'one-time-code',
    )
    t.true(await page.evaluate(fits))
    await page.getByLabel('验证码', { exact: true }).fill(app.next())
    await page.getByText('30 天内').click()
    await page.getByRole('button', { name: '确认' }).click()
    t.like(await again(), { amr: ['pwd', 'otp', 'mfa'] })
    const spared = await signIn({ prompt: 'login' })
    t.like(await spared(), { acr: 'urn:yumen:acr:1' })
  },
)
