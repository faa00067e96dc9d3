import type { ExecutionContext } from 'ava'
import { decodeJwt } from 'jose'
import type { Page } from 'playwright-core'
import { apiOf } from '../support/api.ts'
import { inChromium, openChromium } from '../support/chromium.ts'
import { addAuthenticator, answerIn, enrolPasskey, openApplication } from '../support/passkeys.ts'
import { relyingParty } from '../support/relying-party.ts'
import { start } from '../support/start.ts'

async function begin(t: ExecutionContext, kind = {}) {
  const fixture = await start(t)
  const context = await openChromium(t)
  const { redirectUri, back } = await openApplication(t)
  const page = await context.newPage()
  const person = await fixture.addUser()
  const authenticator = await addAuthenticator(page, kind)
  const enrolled = await enrolPasskey(fixture, page, person)
  const metadata = { first_party: true, redirect_uris: [redirectUri] }
  const party = await relyingParty(fixture, await fixture.addClient(metadata))
  const open = async (request: Record<string, string> = {}) => {
    const pending = await party.begin({ redirect_uri: redirectUri, ...request })
    await page.goto(pending.url.href)
    return async () => decodeJwt((await pending.redeem(await back(page))).id_token!)
  }
  return { fixture, context, page, person, authenticator, enrolled, open }
}

const button = (page: Page) => page.getByRole('button', { name: 'Use a passkey' })

inChromium(
  'a passkey signs in by itself, without a password, and counts for two factors',
  async (t) => {
    const { page, person, authenticator, open } = await begin(t)
    await authenticator.answers(false)
    const claims = await open()
    await button(page).waitFor()
    const field = page.locator('#identifier')
    t.is(await field.getAttribute('autocomplete'), 'username webauthn')
    await authenticator.answers(true)
    await button(page).click()
    t.like(await claims(), { sub: person.id, acr: 'urn:yumen:acr:2', amr: ['hwk', 'user', 'mfa'] })
  },
)
inChromium('the browser offers the passkey beside the name, and choosing it is all', async (t) => {
  const { person, open } = await begin(t)
  // The authenticator answers by itself: the offer of the page is accepted at once.
  t.is((await (await open())()).sub, person.id)
})

inChromium(
  'after the password a passkey is asked for first, and a recovery code does it too',
  async (t) => {
    const { page, person, authenticator, enrolled, open } = await begin(t)
    await authenticator.answers(false)
    const claims = await open({ prompt: 'login' })
    await page.getByLabel('E-mail or username').fill(person.email)
    await page.getByLabel('Password').fill(person.password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('heading', { name: 'Use your passkey' }).waitFor()
    await authenticator.answers(true)
    await page.getByRole('button', { name: 'Use my passkey' }).click()
    t.like(await claims(), { acr: 'urn:yumen:acr:2', amr: ['pwd', 'hwk', 'user', 'mfa'] })

    await authenticator.answers(false)
    const again = await open({ prompt: 'login' })
    await page.getByLabel('E-mail or username').fill(person.email)
    await page.getByLabel('Password').fill(person.password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('link', { name: 'Use a recovery code' }).click()
    await page.getByLabel('Recovery code').fill(enrolled.recovery_codes![0]!)
    await page.getByRole('button', { name: 'Confirm' }).click()
    t.like(await again(), { amr: ['pwd', 'otp', 'mfa'] })
  },
)

inChromium(
  'an application signs in with a passkey over JSON; its answer is good once, and only while the count grows',
  async (t) => {
    const { fixture, page, person, enrolled } = await begin(t)
    await page.goto(`${fixture.issuer}/health/live`)
    const api = apiOf(fixture)
    const ask = async (body: object = {}) =>
      (await api.call('POST', '/auth/passkey/options', { body })).body as object
    const send = (response: object) => api.call('POST', '/auth/passkey', { body: { response } })
    const response = await answerIn(page, 'get', await ask())
    const done = await send(response)
    t.is(done.status, 200)
    t.is(done.body.user.id, person.id)
    t.is((await send(response)).body.code, 'invalid_passkey')

    const forged = await answerIn(page, 'get', {
      ...(await ask()),
      challenge: 'AAAAAAAAAAAAAAAAAAAAAA',
    })
    t.is((await send(forged)).body.code, 'invalid_passkey')
    const { mfa_token } = (await api.call('POST', '/auth/login', { body: person })).body
    const second = await answerIn(page, 'get', await ask({ mfa_token }))
    t.is((await send(second)).body.code, 'invalid_passkey')
    const third = await answerIn(page, 'get', await ask({ mfa_token }))
    const body = { mfa_token, method: 'passkey', response: third }
    t.is((await api.call('POST', '/auth/mfa', { body })).status, 200)

    const late = await answerIn(page, 'get', await ask())
    await fixture.storage.factors.advance(enrolled.id, 1_000_000)
    t.is((await send(late)).body.code, 'invalid_passkey')
  },
)

inChromium(
  'a passkey that does not know its user, or of another person, is not enough',
  async (t) => {
    const { fixture, page, person } = await begin(t, { hasUserVerification: false })
    const [factor] = await fixture.storage.factors.listByUser(person.id)
    const allowCredentials = [{ id: JSON.parse(factor!.data).id, type: 'public-key' }]
    await page.goto(`${fixture.issuer}/health/live`)
    const api = apiOf(fixture)
    const { body: options } = await api.call('POST', '/auth/passkey/options', { body: {} })
    const response = await answerIn(page, 'get', {
      ...options,
      allowCredentials,
      userVerification: 'discouraged',
    })
    const unverified = await api.call('POST', '/auth/passkey', { body: { response } })
    t.is(unverified.body.code, 'invalid_passkey')

    const other = await fixture.addUser()
    const own = await enrolPasskeyOfAnother(fixture, other.id)
    const { mfa_token } = (await api.call('POST', '/auth/login', { body: other })).body
    const asked = (await api.call('POST', '/auth/passkey/options', { body: { mfa_token } })).body
    t.is(asked.allowCredentials.length, 1)
    t.is(asked.allowCredentials[0].id, own)
    const swapped = await answerIn(page, 'get', { ...asked, allowCredentials })
    const body = { mfa_token, method: 'passkey', response: swapped }
    t.is((await api.call('POST', '/auth/mfa', { body })).body.code, 'invalid_code')
  },
)

/** A credential whose key is not in this browser. */
async function enrolPasskeyOfAnother(
  { storage }: Awaited<ReturnType<typeof start>>,
  userId: string,
): Promise<string> {
  const data = JSON.stringify({ id: 'BBBB', publicKey: 'AAAA', deviceType: 'singleDevice' })
  await storage.factors.add({
    id: 'b',
    userId,
    kind: 'passkey',
    key: 'b',
    name: '',
    data,
    counter: 0,
  })
  return 'BBBB'
}
