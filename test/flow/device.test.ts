import test from 'ava'
import { setTimeout as sleep } from 'node:timers/promises'
import * as oidc from 'openid-client'
import { createSealer } from '#lib/sealing.ts'
import { artifactKey } from '#oidc/payload-codec.ts'
import { createBrowser, relyingParty, signIn } from '../support/relying-party.ts'
import { start, type Fixture } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { addResource, post, refusal } from './journeys.ts'

const grantType = 'urn:ietf:params:oauth:grant-type:device_code'
const metadata = {
  client_name: 'Television',
  grant_types: [grantType, 'refresh_token'],
  redirect_uris: [],
  response_types: [],
}

async function television(
  fixture: Fixture,
  parameters: Record<string, string> = {},
  extra: Record<string, unknown> = {},
) {
  const client = await fixture.addClient({ ...metadata, ...extra })
  const { config } = await relyingParty(fixture, client)
  const device = await oidc.initiateDeviceAuthorization(config, {
    scope: 'openid email',
    ...parameters,
  })
  const poll = async (): Promise<Response> =>
    post(`${fixture.issuer}/oauth/token`, client, {
      grant_type: grantType,
      device_code: device.device_code,
    })
  return { client, config, device, poll }
}

const errorOf = async (response: Response): Promise<unknown> =>
  ((await response.json()) as { error?: string }).error

onStorages(
  'a device waits while the person types the code, signs in and allows it',
  async (t, begin) => {
    const fixture = await begin()
    const person = await fixture.addUser()
    const { config, device, poll } = await television(fixture)
    t.is(device.verification_uri, `${fixture.issuer}/device`)
    t.regex(device.user_code, /^[B-DF-HJ-NP-TV-Z]{4}-[B-DF-HJ-NP-TV-Z]{4}$/)
    t.is(await errorOf(await poll()), 'authorization_pending')

    const browser = createBrowser(fixture.issuer)
    const input = await browser.open(device.verification_uri)
    t.regex(input.text, /Enter the code that your device shows\./)
    const typed = device.user_code.toLowerCase().replace('-', ' ')
    const confirm = await input.submit('op.deviceInputForm', { user_code: typed })
    t.regex(confirm.text, /Television wants to sign in on a device/)
    t.true(confirm.text.includes(device.user_code))
    const login = await confirm.submit('op.deviceConfirmForm')
    const consent = await signIn(login, person)
    t.regex(consent.text, /Television wants to use your account/)
    const done = await consent.submit('/consent')
    t.regex(done.text, /Your device is connected/)

    const tokens = await oidc.pollDeviceAuthorizationGrant(config, { ...device, interval: 0.1 })
    t.is(tokens.claims()?.sub, person.id)
    t.is((await oidc.fetchUserInfo(config, tokens.access_token, person.id)).email, person.email)
    t.is(await errorOf(await poll()), 'invalid_grant')
  },
)

onStorages('ten polls at once redeem the device code once', async (t, begin) => {
  const fixture = await begin()
  const { device, poll } = await television(fixture)
  const browser = createBrowser(fixture.issuer)
  await connect(browser, fixture, device)
  const answers = await Promise.all(Array.from({ length: 10 }, poll))
  t.is(answers.filter(({ status }) => status === 200).length, 1)
  t.true(answers.every(({ status }) => status === 200 || status === 400))
})

async function connect(
  browser: ReturnType<typeof createBrowser>,
  fixture: Fixture,
  device: oidc.DeviceAuthorizationResponse,
) {
  const input = await browser.open(device.verification_uri)
  const confirm = await input.submit('op.deviceInputForm', { user_code: device.user_code })
  const login = await confirm.submit('op.deviceConfirmForm')
  const consent = await signIn(login, await fixture.addUser())
  return consent.submit('/consent')
}

test('verification_uri_complete fills the code in, and still asks before it connects', async (t) => {
  const fixture = await start(t)
  const { device, poll } = await television(fixture)
  const page = await createBrowser(fixture.issuer).open(device.verification_uri_complete!)
  const confirm = await page.submit('/device')
  t.regex(confirm.text, /Is this your device\?/)
  t.is(await errorOf(await poll()), 'authorization_pending')
})

test('who cancels at the confirmation denies: the device hears access_denied', async (t) => {
  const fixture = await start(t)
  const { device, poll } = await television(fixture)
  const input = await createBrowser(fixture.issuer).open(device.verification_uri)
  const confirm = await input.submit('op.deviceInputForm', { user_code: device.user_code })
  const cancelled = await confirm.submit('op.deviceConfirmForm', { abort: 'yes' })
  t.regex(cancelled.text, /Cancelled\. The device was not connected\./)
  t.is(await errorOf(await poll()), 'access_denied')
})

test('who cancels at sign-in denies: the device hears access_denied', async (t) => {
  const fixture = await start(t)
  const { device, poll } = await television(fixture)
  const input = await createBrowser(fixture.issuer).open(device.verification_uri)
  const confirm = await input.submit('op.deviceInputForm', { user_code: device.user_code })
  const login = await confirm.submit('op.deviceConfirmForm')
  const page = await login.submit('/cancel')
  t.is(page.left, undefined)
  t.is(await errorOf(await poll()), 'access_denied')
})

test('a wrong code, no code and a used code are told as such, with 400', async (t) => {
  const fixture = await start(t)
  const { device } = await television(fixture)
  const browser = createBrowser(fixture.issuer)
  const input = await browser.open(device.verification_uri)
  const wrong = await input.submit('op.deviceInputForm', { user_code: 'BBBB-BBBB' })
  t.is(wrong.status, 400)
  t.regex(wrong.text, /No device shows this code\. Check it and try again\./)
  const none = await wrong.submit('op.deviceInputForm', { user_code: '' })
  t.is(none.status, 400)
  t.regex(none.text, /Enter the code that your device shows\./)

  await connect(createBrowser(fixture.issuer), fixture, device)
  const fresh = await browser.open(device.verification_uri)
  const used = await fresh.submit('op.deviceInputForm', { user_code: device.user_code })
  t.is(used.status, 400)
  t.regex(used.text, /This code has been used\. Get a new one on your device\./)
})

onStorages('an expired code is told as such, to the person and to the device', async (t, begin) => {
  const fixture = await begin()
  const { device, poll } = await television(fixture)
  await expire(fixture, device.device_code)
  const input = await createBrowser(fixture.issuer).open(device.verification_uri)
  const page = await input.submit('op.deviceInputForm', { user_code: device.user_code })
  t.is(page.status, 400)
  t.regex(page.text, /This code has expired\. Get a new one on your device\./)
  t.is(await errorOf(await poll()), 'expired_token')
})

/** Makes the device code as old as if its ten minutes were over: both its own end and the record's move back. */
async function expire({ config, storage }: Fixture, deviceCode: string): Promise<void> {
  const key = artifactKey(deviceCode)
  const stored = (await storage.artifacts.find('DeviceCode', key))!
  const sealer = createSealer([config.SECRET_KEY!], 'artifacts')
  const context = `DeviceCode:${key}`
  const payload = JSON.parse(sealer.open(stored.payload, context)!) as { exp: number }
  const back = payload.exp - Math.floor(Date.now() / 1000) + 20
  const older = JSON.stringify({ ...payload, exp: payload.exp - back })
  await storage.artifacts.put('DeviceCode', key, {
    ...stored,
    payload: sealer.seal(older, context),
    expiresAt: stored.expiresAt! - back * 1000,
  })
  await sleep(5)
}

test('a device gets a JWT for a resource, and a refresh token for offline_access', async (t) => {
  const fixture = await start(t)
  const resource = await addResource(fixture, 'https://notes.example/api')
  const { config, device, client } = await television(fixture, {
    scope: 'openid offline_access read',
    prompt: 'consent',
    resource,
  })
  await connect(createBrowser(fixture.issuer), fixture, device)
  const response = await post(`${fixture.issuer}/oauth/token`, client, {
    grant_type: grantType,
    device_code: device.device_code,
    resource,
  })
  const tokens = (await response.json()) as Record<string, string>
  t.regex(tokens['access_token']!, /^eyJ/)
  t.truthy((await oidc.refreshTokenGrant(config, tokens['refresh_token']!)).access_token)
})

test('a device of the operator’s own is connected without a consent page', async (t) => {
  const fixture = await start(t)
  const { config, device } = await television(fixture, {}, { first_party: true })
  const input = await createBrowser(fixture.issuer).open(device.verification_uri)
  const confirm = await input.submit('op.deviceInputForm', { user_code: device.user_code })
  const login = await confirm.submit('op.deviceConfirmForm')
  const done = await signIn(login, await fixture.addUser())
  t.regex(done.text, /Your device is connected/)
  const tokens = await oidc.pollDeviceAuthorizationGrant(config, { ...device, interval: 0.1 })
  t.truthy(tokens.refresh_token)
})

test('a client without the device grant may not begin one', async (t) => {
  const fixture = await start(t)
  const { config } = await relyingParty(fixture, await fixture.addClient())
  const begun = oidc.initiateDeviceAuthorization(config, { scope: 'openid' })
  t.is(await refusal(begun), 'invalid_request')
})
