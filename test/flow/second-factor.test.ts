import test from 'ava'
import { decodeJwt } from 'jose'
import { addApp, appWith } from '../support/authenticator.ts'
import type { Page } from '../support/browser.ts'
import { createBrowser, relyingParty, signIn, type RelyingParty } from '../support/relying-party.ts'
import { start, type Fixture, type Person } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'

const two = 'urn:yumen:acr:2'
const one = 'urn:yumen:acr:1'

interface Cast {
  fixture: Fixture
  person: Person
  party: RelyingParty
  browser: ReturnType<typeof createBrowser>
}

async function castOf(fixture: Fixture, metadata: Record<string, unknown> = {}): Promise<Cast> {
  const client = await fixture.addClient({ first_party: true, ...metadata })
  return {
    fixture,
    person: await fixture.addUser(),
    party: await relyingParty(fixture, client),
    browser: createBrowser(fixture.issuer),
  }
}

/** Signs in with the password, and stands wherever that leads. */
async function withPassword(
  { browser, party, person }: Cast,
  request: Record<string, string> = {},
): Promise<{ page: Page; claims(left: Page): Promise<Record<string, unknown>> }> {
  const pending = await party.begin(request)
  let page = await browser.open(pending.url.href)
  if (page.html.includes('name="password"')) page = await signIn(page, person)
  const claims = async ({ left }: Page) =>
    decodeJwt((await pending.redeem(left!)).id_token!) as Record<string, unknown>
  return { page, claims }
}

onStorages(
  'who has an authenticator app is asked for its code, and the ID token says so',
  async (t, begin) => {
    const cast = await castOf(await begin())
    const plain = await withPassword(cast)
    t.like(await plain.claims(plain.page), { acr: one, amr: ['pwd'] })

    const app = await addApp(cast.fixture, cast.person.id)
    const elsewhere = { ...cast, browser: createBrowser(cast.fixture.issuer) }
    const { page, claims } = await withPassword(elsewhere)
    t.regex(page.text, /Enter the code from your app/)
    t.true(page.text.includes(cast.person.email))
    const before = await elsewhere.browser.jar.getCookieString(cast.fixture.issuer)

    const wrong = await page.submit('/second-factor', { code: app.wrong() })
    t.is(wrong.status, 422)
    t.regex(wrong.text, /This code is wrong or was already used/)
    const done = await wrong.submit('/second-factor', { code: app.next() })
    t.like(await claims(done), { acr: two, amr: ['pwd', 'otp', 'mfa'], sub: cast.person.id })
    t.not(await elsewhere.browser.jar.getCookieString(cast.fixture.issuer), before)

    const silent = await withPassword(elsewhere, { prompt: 'none' })
    t.like(await silent.claims(silent.page), { acr: two })
  },
)

onStorages(
  'who must have a second factor and has none sets up an app during the sign-in',
  async (t, begin) => {
    const fixture = await begin({ env: { SECOND_FACTOR_FOR_ROLES: 'staff' } })
    const cast = await castOf(fixture)
    await fixture.storage.users.update(cast.person.id, { roles: ['staff'] })
    const { page, claims } = await withPassword(cast)
    t.regex(page.text, /Add an authenticator app/)
    t.truthy(page.root.querySelector('.qr svg path'))
    const secretOf = (shown: Page): string =>
      shown.root.querySelector('.secret')!.textContent.replaceAll(/\s/g, '')
    const app = appWith(secretOf(page))

    const wrong = await page.submit('/enrol', { code: app.wrong() })
    t.is(wrong.status, 422)
    t.is(secretOf(wrong), secretOf(page))
    t.false(await fixture.storage.factors.anyOfUser(cast.person.id))

    const codes = await wrong.submit('/enrol', { code: app.next() })
    t.regex(codes.text, /Save your recovery codes/)
    const saved = codes.root.querySelectorAll('.codes code').map(({ textContent }) => textContent)
    t.is(new Set(saved).size, 10)
    const next = codes.root.querySelector('a.primary')!.getAttribute('href')!
    t.like(await claims(await cast.browser.open(next)), { acr: two, amr: ['pwd', 'otp', 'mfa'] })

    const elsewhere = { ...cast, browser: createBrowser(fixture.issuer) }
    const second = await withPassword(elsewhere)
    const byRecovery = await elsewhere.browser.open(
      second.page.root.querySelector('.ways a[href*=recovery]')!.getAttribute('href')!,
    )
    const typed = saved[3]!.toUpperCase().replaceAll('-', ' ')
    const done = await byRecovery.submit('/second-factor', { code: typed })
    t.like(await second.claims(done), { acr: two })

    const third = await withPassword({ ...cast, browser: createBrowser(fixture.issuer) })
    const fields = { method: 'recovery', code: saved[3]! }
    t.is((await third.page.submit('/second-factor', fields)).status, 422)
  },
)

test('a client, a request and an essential claim can each ask for two factors; one is then not enough', async (t) => {
  const fixture = await start(t)
  const essential = JSON.stringify({ id_token: { acr: { essential: true, values: [two] } } })
  const ways: { metadata: Record<string, unknown>; request: Record<string, string> }[] = [
    { metadata: { require_acr: two }, request: {} },
    { metadata: { default_acr_values: [two] }, request: {} },
    { metadata: {}, request: { acr_values: two } },
    { metadata: {}, request: { claims: essential } },
  ]
  for (const { metadata, request } of ways) {
    const cast = await castOf(fixture, metadata)
    const app = await addApp(fixture, cast.person.id)
    // A session of the first level is there already, of a time before the app.
    const first = await withPassword(cast, request)
    t.regex(first.page.text, /Enter the code/)
    const silent = await cast.party.begin({ prompt: 'none', ...request })
    const { left } = await cast.browser.open(silent.url.href)
    t.is(left?.searchParams.get('error'), 'interaction_required', JSON.stringify(metadata))

    const again = await withPassword(cast, request)
    const done = await again.page.submit('/second-factor', { code: app.next() })
    t.like(await again.claims(done), { acr: two }, JSON.stringify(request))
  }
})

test('acr_values that one factor satisfies, or that no one knows, ask for nothing more', async (t) => {
  const cast = await castOf(await start(t))
  for (const acr_values of [`${two} ${one}`, one, 'urn:other']) {
    const { page, claims } = await withPassword(cast, { acr_values })
    t.like(await claims(page), { acr: one, amr: ['pwd'] }, acr_values)
  }
  const discovery = await fetch(`${cast.fixture.issuer}/.well-known/openid-configuration`)
  t.deepEqual(((await discovery.json()) as Record<string, unknown>)['acr_values_supported'], [
    one,
    two,
  ])
  const unknown = { id_token: { acr: { essential: true, value: 'urn:other' } } }
  const { page } = await withPassword(cast, { claims: JSON.stringify(unknown) })
  t.is(page.left?.searchParams.get('error'), 'unmet_authentication_requirements')
})

test('stepping up keeps the time of the sign-in; max_age asks for both factors again', async (t) => {
  const fixture = await start(t)
  const cast = await castOf(fixture)
  const first = await withPassword(cast, { max_age: '1000' })
  const { auth_time: time } = await first.claims(first.page)
  const app = await addApp(fixture, cast.person.id)
  // By the clock of oidc-provider, which reads Date.now.
  await new Promise((resolve) => setTimeout(resolve, 1100))
  const up = await withPassword(cast, { acr_values: two, max_age: '1000' })
  const raised = await up.claims(await up.page.submit('/second-factor', { code: app.next() }))
  t.like(raised, { acr: two, auth_time: time })

  const again = await withPassword(cast, { max_age: '0' })
  t.regex(again.page.text, /Enter the code/)
  const fresh = await again.claims(await again.page.submit('/second-factor', { code: app.next() }))
  t.true((fresh['auth_time'] as number) > (time as number))
})

test('a device that is remembered is spared, but not when two factors are asked for by name', async (t) => {
  const fixture = await start(t)
  const cast = await castOf(fixture)
  const app = await addApp(fixture, cast.person.id)
  const first = await withPassword(cast)
  const done = await first.page.submit('/second-factor', { code: app.next(), remember: 'yes' })
  t.like(await first.claims(done), { acr: two })

  const again = await withPassword(cast, { prompt: 'login' })
  t.like(await again.claims(again.page), { acr: one, amr: ['pwd'] })
  const asked = await withPassword(cast, { acr_values: two })
  t.regex(asked.page.text, /Enter the code/)
  t.is(asked.page.root.querySelector('[name=remember]'), null)

  const [device] = await fixture.server.services.strongSignIn.rememberedDevices.list(cast.person.id)
  t.true(
    await fixture.server.services.strongSignIn.rememberedDevices.forget(cast.person.id, device!.id),
  )
  t.regex((await withPassword(cast, { prompt: 'login' })).page.text, /Enter the code/)
})

test('a remembered device is forgotten with a reset password, a removed factor and another account', async (t) => {
  const fixture = await start(t)
  const {
    strongSignIn: { rememberedDevices, factors },
    signIns: { sessions },
  } = fixture.server.services
  const where = { address: '127.0.0.1', agent: 'test' }
  const [person, other] = [await fixture.addUser(), await fixture.addUser()]
  const isThere = async (cookie: string) => rememberedDevices.isRemembered(person.id, cookie)

  const cookie = await rememberedDevices.remember({ userId: person.id }, where)
  t.true(await isThere(cookie))
  t.false(await rememberedDevices.isRemembered(other.id, cookie))
  await sessions.endAll(person.id)
  t.false(await isThere(cookie))

  const next = await rememberedDevices.remember({ userId: person.id }, where)
  await addApp(fixture, person.id)
  const [factor] = await factors.list(person.id)
  await factors.remove((await fixture.storage.users.findById(person.id))!, factor!.id)
  t.false(await isThere(next))
})

// Alone, because it moves the clock of the process.
test.serial('who must set up a factor signs in again first when the session is old', async (t) => {
  const fixture = await start(t)
  const cast = await castOf(fixture)
  await withPassword(cast)
  const clock = Date.now
  t.teardown(() => (Date.now = clock))
  Date.now = () => clock() + 11 * 60_000
  const pending = await cast.party.begin({ acr_values: two })
  const login = await cast.browser.open(pending.url.href)
  t.truthy(login.root.querySelector('[name=password]'))
  t.regex((await signIn(login, cast.person)).text, /Add an authenticator app/)
})
