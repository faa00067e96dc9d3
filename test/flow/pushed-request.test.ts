import test from 'ava'
import * as oidc from 'openid-client'
import { authorize, createBrowser, relyingParty } from '../support/relying-party.ts'
import { callback, start, type Fixture } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { refusal } from './journeys.ts'

async function push(fixture: Fixture, metadata: Record<string, unknown> = {}) {
  const { config } = await relyingParty(fixture, await fixture.addClient(metadata))
  const verifier = oidc.randomPKCECodeVerifier()
  const state = oidc.randomState()
  const parameters = {
    redirect_uri: callback,
    scope: 'openid email',
    state,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }
  const redeem = (left: URL) =>
    oidc.authorizationCodeGrant(config, left, { pkceCodeVerifier: verifier, expectedState: state })
  return { config, parameters, redeem }
}

onStorages('a pushed request goes through the browser as a reference alone', async (t, begin) => {
  const fixture = await begin()
  const person = await fixture.addUser()
  const { config, parameters, redeem } = await push(fixture)
  const url = await oidc.buildAuthorizationUrlWithPAR(config, parameters)
  t.deepEqual([...url.searchParams.keys()].toSorted(), ['client_id', 'request_uri'])
  const left = await authorize(createBrowser(fixture.issuer), url, person)
  t.is((await redeem(left)).claims()?.sub, person.id)
})

onStorages('a pushed request can be used once', async (t, begin) => {
  const fixture = await begin()
  const person = await fixture.addUser()
  const { config, parameters } = await push(fixture)
  const url = await oidc.buildAuthorizationUrlWithPAR(config, parameters)
  await authorize(createBrowser(fixture.issuer), url, person)
  const again = await createBrowser(fixture.issuer).open(url.href)
  const error = again.left?.searchParams.get('error') ?? again.text
  t.regex(error, /invalid_request/)
  t.falsy(again.root.querySelector('[name=password]'))
})

test('a reference of one client is nothing to another', async (t) => {
  const fixture = await start(t)
  const { config, parameters } = await push(fixture)
  const url = await oidc.buildAuthorizationUrlWithPAR(config, parameters)
  url.searchParams.set('client_id', (await fixture.addClient()).id)
  const page = await createBrowser(fixture.issuer).open(url.href)
  t.is(page.root.querySelector('[name=password]'), null)
  t.regex(page.left?.searchParams.get('error') ?? page.text, /invalid_request|client/)
})

test('a client that must push is refused when it does not', async (t) => {
  const fixture = await start(t)
  const { config, parameters } = await push(fixture, {
    require_pushed_authorization_requests: true,
  })
  const browser = createBrowser(fixture.issuer)
  const plain = await browser.open(oidc.buildAuthorizationUrl(config, parameters).href)
  t.is(plain.left?.searchParams.get('error'), 'invalid_request')
  const pushed = await oidc.buildAuthorizationUrlWithPAR(config, parameters)
  t.truthy((await browser.open(pushed.href)).root.querySelector('[name=password]'))
})

test('a wrong request is refused when it is pushed, before any browser is involved', async (t) => {
  const fixture = await start(t)
  const { config, parameters } = await push(fixture)
  for (const [wrong, error] of [
    [{ redirect_uri: 'http://evil.example/' }, 'invalid_request'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ resource: 'https://nobody.example/' }, 'invalid_target'],
  ] as const) {
    const pushed = oidc.buildAuthorizationUrlWithPAR(config, { ...parameters, ...wrong })
    t.is(await refusal(pushed), error, JSON.stringify(wrong))
  }
})

onStorages('form_post brings the answer in the body of a form', async (t, begin) => {
  const fixture = await begin()
  const person = await fixture.addUser()
  const { config, parameters, redeem } = await push(fixture)
  const url = oidc.buildAuthorizationUrl(config, { ...parameters, response_mode: 'form_post' })
  const browser = createBrowser(fixture.issuer)
  const login = await browser.open(url.href)
  const consent = await login.submit('/login', {
    identifier: person.email,
    password: person.password,
  })
  const page = await consent.submit('/consent')
  t.is(page.left, undefined)
  t.is(page.root.querySelector('form')?.getAttribute('action'), callback)
  const fields = Object.fromEntries(
    page.root
      .querySelectorAll('input')
      .map((input) => [input.getAttribute('name'), input.getAttribute('value')]),
  ) as Record<string, string>
  t.is(fields['iss'], fixture.issuer)
  const left = new URL(`${callback}?${new URLSearchParams(fields).toString()}`)
  t.is((await redeem(left)).claims()?.sub, person.id)
  t.regex(page.headers.get('content-security-policy') ?? '', /script-src 'self' 'sha256-/)
})
