import * as oidc from 'openid-client'
import { createBrowser, type Browser, type Page } from './browser.ts'
import { callback, type Fixture, type Person } from './start.ts'

/** A relying party as a stranger would write it, with openid-client. */
export interface RelyingParty {
  config: oidc.Configuration
  /** Begins an authorization; `url` is where the browser goes. */
  begin(parameters?: Record<string, string>): Promise<Pending>
}

export interface Pending {
  url: URL
  verifier: string
  state: string
  nonce: string
  /** Redeems the code of the redirect. */
  redeem(
    left: URL,
    parameters?: Record<string, string>,
    options?: oidc.AuthorizationCodeGrantOptions,
  ): Promise<oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers>
}

export async function relyingParty(
  fixture: Fixture,
  client: { id: string; secret: string | undefined },
): Promise<RelyingParty> {
  const auth = client.secret === undefined ? oidc.None() : oidc.ClientSecretBasic(client.secret)
  const config = await oidc.discovery(new URL(fixture.issuer), client.id, undefined, auth, {
    execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks],
  })
  return { config, begin: (parameters = {}) => begin(config, parameters) }
}

async function begin(
  config: oidc.Configuration,
  parameters: Record<string, string>,
): Promise<Pending> {
  const verifier = oidc.randomPKCECodeVerifier()
  const state = oidc.randomState()
  const nonce = oidc.randomNonce()
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: callback,
    scope: 'openid profile email',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...parameters,
  })
  return {
    url,
    verifier,
    state,
    nonce,
    redeem: (left, extra, options) =>
      oidc.authorizationCodeGrant(
        config,
        left,
        {
          pkceCodeVerifier: verifier,
          expectedState: state,
          expectedNonce: nonce,
          idTokenExpected: true,
        },
        extra,
        options,
      ),
  }
}

/** Signs in on the login page that stands open. */
export const signIn = (
  page: Page,
  { email, password }: Pick<Person, 'email' | 'password'>,
): Promise<Page> => page.submit('/login', { identifier: email, password })

/** Goes from the authorize endpoint through login and consent to the redirect; resolves to where the browser was sent. */
export async function authorize(
  browser: Browser,
  url: URL,
  person: Pick<Person, 'email' | 'password'>,
): Promise<URL> {
  let page = await browser.open(url.href)
  if (
    !page.left &&
    page.url.pathname.includes('/interaction/') &&
    page.html.includes('name="password"')
  ) {
    page = await signIn(page, person)
  }
  if (!page.left) page = await page.submit('/consent')
  if (!page.left)
    throw new Error(`the browser stands at ${page.url.href}: ${page.text.slice(0, 300)}`)
  return page.left
}

export { createBrowser }
