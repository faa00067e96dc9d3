import { apiOf } from '../support/api.ts'
import { appWith } from '../support/authenticator.ts'
import { createBrowser } from '../support/browser.ts'
import type { Fixture } from '../support/start.ts'
import { createProver } from './dpop.ts'
import {
  approveDevice,
  authorizeUrl,
  deviceGrant,
  introspect,
  newCast,
  obtainCode,
  offline,
  pollDevice,
  post,
  redeem,
  refresh,
  startDevice,
  withoutRedirect,
  type Cast,
} from './journey.ts'

/** What was handed out or is kept secret, by name. */
export type Secrets = Map<string, string>

const tokenNames = ['access_token', 'refresh_token', 'id_token']

function keepTokens(secrets: Secrets, from: string, json: Record<string, unknown>): void {
  for (const name of tokenNames) {
    if (typeof json[name] === 'string') secrets.set(`${from}: ${name}`, json[name])
  }
}

async function keepCookies(secrets: Secrets, from: string, { fixture, browser }: Cast) {
  for (const { key, value } of await browser!.jar.getCookies(fixture.issuer)) {
    secrets.set(`${from}: ${key}`, value)
  }
}

/** Login, code, opaque and JWT tokens, refresh with grace, introspection; one code is left unspent. */
async function signInAndRefresh(fixture: Fixture, secrets: Secrets): Promise<Cast> {
  const browser = createBrowser(fixture.issuer)
  await browser.open(`${fixture.issuer}/device`)
  const cast = { ...(await newCast(fixture)), browser }
  await keepCookies(secrets, 'before login', cast)
  const code = await obtainCode(cast, offline)
  await keepCookies(secrets, 'after login', cast)
  const first = await redeem(cast, code)
  const second = await refresh(cast, String(first.json['refresh_token']))
  await refresh(cast, String(first.json['refresh_token']))
  await introspect(cast, String(second.json['refresh_token']))
  secrets.set('spent code', code.code).set('verifier', code.verifier)
  keepTokens(secrets, 'code', first.json)
  keepTokens(secrets, 'refresh', second.json)
  secrets.set('unspent code', (await obtainCode(cast)).code)
  secrets.set('password', cast.person.password).set('client secret', cast.client.secret!)

  const client = await fixture.addClient({ default_resource: fixture.config.API_RESOURCE })
  const api = { ...cast, client }
  const scope = 'openid offline_access account:read'
  keepTokens(secrets, 'API', (await redeem(api, await obtainCode(api, { ...offline, scope }))).json)
  return cast
}

/** An app, recovery codes, a remembered browser, and a sign-in that waits for its code. */
async function strengthen(fixture: Fixture, secrets: Secrets): Promise<void> {
  const { factors, rememberedDevices } = fixture.server.services.strongSignIn
  const person = await fixture.addUser()
  const user = (await fixture.storage.users.findById(person.id))!
  const { secret, setup } = await factors.beginTotp(user)
  const added = await factors.confirmTotp(user, { setup, code: appWith(secret).next() })
  if (added === 'wrong') throw new Error('the code was not accepted')
  secrets.set('TOTP seed', secret).set('setup of the app', setup)
  for (const [index, code] of added.recoveryCodes!.entries()) {
    secrets.set(`recovery code ${index}`, code)
    secrets.set(`recovery code ${index} in one`, code.replaceAll('-', ''))
  }
  const where = { address: '192.0.2.7', agent: 'a browser' }
  secrets.set('device cookie', await rememberedDevices.remember({ userId: user.id }, where))
  const { email, password } = person
  const waiting = await apiOf(fixture).call('POST', '/auth/login', { body: { email, password } })
  secrets.set('mfa_token', waiting.body.mfa_token)
}

async function connectDevices(fixture: Fixture, secrets: Secrets): Promise<void> {
  const cast = await newCast(fixture, withoutRedirect(deviceGrant))
  for (const name of ['connected', 'waiting']) {
    const { device_code, user_code } = await startDevice(cast)
    secrets.set(`${name}: device code`, device_code).set(`${name}: user code`, user_code)
    secrets.set(`${name}: plain user code`, user_code.replace('-', ''))
    if (name === 'waiting') continue
    await approveDevice(cast, user_code)
    keepTokens(secrets, 'device', (await pollDevice(cast, device_code)).json)
  }
}

/** Pushed requests, one of them unused; DPoP and client credentials; a person who has not signed in yet. */
async function push({ fixture, client, browser }: Cast, secrets: Secrets): Promise<void> {
  const parameters = authorizeUrl(fixture, client, { state: 'pushed-state-1234567' }).searchParams
  for (const name of ['used', 'unused']) {
    const { json } = await post(`${fixture.issuer}/oauth/par`, client, parameters)
    secrets.set(`${name}: request_uri`, String(json['request_uri']))
    secrets.set(`${name}: request`, String(json['request_uri']).split(':').at(-1)!)
    const url = new URL(`${fixture.issuer}/oauth/authorize?client_id=${client.id}`)
    url.searchParams.set('request_uri', String(json['request_uri']))
    if (name === 'used') await browser!.open(url.href)
  }
  secrets.set('pushed state', 'pushed-state-1234567')

  const machine = await fixture.addClient(withoutRedirect('client_credentials'))
  const at = `${fixture.issuer}/oauth/token`
  const dpop = await (await createProver())(at)
  const { json } = await post(at, machine, { grant_type: 'client_credentials' }, { dpop })
  keepTokens(secrets, 'machine', json)
  secrets.set('DPoP proof', dpop).set('machine secret', machine.secret!)

  const stranger = createBrowser(fixture.issuer)
  const login = await stranger.open(authorizeUrl(fixture, client).href)
  secrets.set('interaction', login.url.pathname.split('/').at(-1)!)
}

/** Uses everything that gives out or keeps a secret; resolves to all of them. */
export async function handOutEverything(
  fixture: Fixture,
): Promise<{ secrets: Secrets; cast: Cast }> {
  const secrets: Secrets = new Map([['SECRET_KEY', fixture.config.SECRET_KEY!]])
  for (const jwk of fixture.server.app.engine.keySet.privateJwks)
    secrets.set(`${jwk.kid}: d`, jwk.d!)
  const cast = await signInAndRefresh(fixture, secrets)
  await connectDevices(fixture, secrets)
  await strengthen(fixture, secrets)
  await push(cast, secrets)
  return { secrets, cast }
}
