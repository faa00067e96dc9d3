import { createBrowser, type Browser, type Page } from '../support/browser.ts'
import { relyingParty, type Pending } from '../support/relying-party.ts'
import type { Fixture } from '../support/start.ts'
import type { GithubStandIn } from '../support/stand-ins/github.ts'
import type { OidcStandIn } from '../support/stand-ins/oidc.ts'
import type { WechatStandIn } from '../support/stand-ins/wechat.ts'

/** What the tests of sign-in through others share. */

export const googleEnv = (google: OidcStandIn): Record<string, string> => ({
  GOOGLE_CLIENT_ID: google.clientId,
  GOOGLE_CLIENT_SECRET: google.clientSecret,
  GOOGLE_BASE_URL: google.url,
})

export const githubEnv = (github: GithubStandIn): Record<string, string> => ({
  GITHUB_CLIENT_ID: github.clientId,
  GITHUB_CLIENT_SECRET: github.clientSecret,
  GITHUB_BASE_URL: github.url,
  GITHUB_API_BASE_URL: github.url,
})

export const wechatEnv = (wechat: WechatStandIn): Record<string, string> => ({
  WECHAT_WEB_APP_ID: wechat.appId,
  WECHAT_WEB_APP_SECRET: wechat.secret,
  WECHAT_OFFICIAL_APP_ID: wechat.appId,
  WECHAT_OFFICIAL_APP_SECRET: wechat.secret,
  WECHAT_OPEN_BASE_URL: wechat.url,
  WECHAT_API_BASE_URL: wechat.url,
})

export interface Begun {
  browser: Browser
  login: Page
  pending: Pending
  client: { id: string; secret: string | undefined }
}

/** A browser on the login page of an application. */
export async function begin(
  fixture: Fixture,
  {
    parameters = {},
    headers = {},
    browser = createBrowser(fixture.issuer, headers),
  }: {
    parameters?: Record<string, string>
    headers?: Record<string, string>
    browser?: Browser
  } = {},
): Promise<Begun> {
  const client = await fixture.addClient()
  const pending = await (await relyingParty(fixture, client)).begin(parameters)
  return { browser, login: await browser.open(pending.url.href), pending, client }
}

/** Presses the button of a provider; resolves to where the browser is sent. */
export const press = (page: Page, provider: string): Promise<Page> =>
  page.submit('/federated', { provider })

/** What the provider's page answers to the browser: the address of our callback. */
export async function callbackOf({ left }: Page): Promise<string> {
  if (!left) throw new Error('the browser was not sent to a provider')
  const answer = await fetch(left, { redirect: 'manual' })
  const location = answer.headers.get('location')
  if (location === null) throw new Error(`the provider answered ${await answer.text()}`)
  return location
}

/** From the login page through the provider and back. */
export const signInWith = async ({ browser, login }: Begun, provider: string): Promise<Page> =>
  browser.open(await callbackOf(await press(login, provider)))

/** Through consent to the application; resolves to the user's id. */
export async function finish({ pending }: Begun, consent: Page): Promise<string> {
  const { left } = consent.left ? consent : await consent.submit('/consent')
  if (!left?.searchParams.has('code')) throw new Error(`no code: ${left?.href ?? consent.text}`)
  return (await pending.redeem(left)).claims()!.sub
}

export async function auditOf(fixture: Fixture, type: string) {
  await fixture.server.services.telemetry.audit.flush()
  const { events } = await fixture.storage.audit.list({ limit: 50, type })
  return events
}
