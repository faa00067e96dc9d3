import test from 'ava'
import { createBrowser } from '../support/browser.ts'
import { oidcStandIn, type OidcStandIn } from '../support/stand-ins/oidc.ts'
import { start, type Fixture, type Person } from '../support/start.ts'
import { onEveryStorage } from '../support/storages.ts'
import { auditOf, begin, finish, googleEnv, signInWith, type Begun } from './journey.ts'

interface Scene {
  google: OidcStandIn
  fixture: Fixture
  person: Person
}

/** A person has an account; who comes from Google has its e-mail, which Google has not verified. */
async function scene(google: OidcStandIn, fixture: Fixture): Promise<Scene> {
  const person = await fixture.addUser({ email: 'li.hua@gmail.com' })
  google.person = { sub: 'G1', email: person.email, email_verified: false, name: 'Li' }
  return { google, fixture, person }
}

const identitiesOf = ({ fixture, person }: Scene) =>
  fixture.storage.identities.listByUser(person.id)

onEveryStorage(
  'who proves the account by its password has it linked, and needs no proof again',
  async (t, open) => {
    const google = await oidcStandIn(t)
    const cast = await scene(google, await open({ env: googleEnv(google) }))
    const begun = await begin(cast.fixture)
    const page = await signInWith(begun, 'google')
    t.regex(page.text, /There is already an account for li\.hua@gmail\.com/)
    t.is((await identitiesOf(cast)).length, 0)

    const wrong = await page.submit('/link', { password: 'not this one' })
    t.is(wrong.status, 422)
    t.regex(wrong.text, /not right/)
    const consent = await wrong.submit('/link', { password: cast.person.password })
    t.is(await finish(begun, consent), cast.person.id)
    t.is((await identitiesOf(cast)).length, 1)
    const details = { provider: 'google' }
    t.like((await auditOf(cast.fixture, 'identity.linked'))[0], { actor: cast.person.id, details })
    t.like((await auditOf(cast.fixture, 'login.failed'))[0]?.details, details)

    const again = await begin(cast.fixture)
    t.is(await finish(again, await signInWith(again, 'google')), cast.person.id)
  },
)

test('the proof stays when the page is read again, and says it in Chinese', async (t) => {
  const google = await oidcStandIn(t)
  const cast = await scene(google, await start(t, { env: googleEnv(google) }))
  const begun = await begin(cast.fixture)
  const page = await signInWith(begun, 'google')
  const other = page.root.querySelector('a[lang=zh-CN]')!.getAttribute('href')!
  const chinese = await begun.browser.open(other.replaceAll('&amp;', '&'))
  t.regex(chinese.text, /已有账号。登录一次，以后用 Google 就能直接进来/)
  t.is((await chinese.submit('/link', {})).status, 422)
  const consent = await chinese.submit('/link', { password: cast.person.password })
  t.is(await finish(begun, consent), cast.person.id)
})

/** What the form of the link page sends. */
async function proofOf(begun: Begun): Promise<{ url: string; ticket: string; cookie: string }> {
  const page = await signInWith(begun, 'google')
  const ticket = page.root.querySelector('[name=ticket]')!.getAttribute('value')!
  const cookie = await begun.browser.jar.getCookieString(page.url.href)
  return { url: page.url.href, ticket, cookie }
}

test('a proof is of one browser and one interaction, of one account, and for one use', async (t) => {
  const google = await oidcStandIn(t)
  const cast = await scene(google, await start(t, { env: googleEnv(google) }))
  const { fixture, person } = cast
  const mine = await proofOf(await begin(fixture))

  // Somebody else's browser, with an interaction of its own.
  const theirs = await begin(fixture)
  const at = theirs.login.url.href
  const foreign = await theirs.browser.open(`${at}/link?ticket=${mine.ticket}`)
  t.is(foreign.status, 400)
  const csrf = theirs.login.root.querySelector('[name=csrf]')!.getAttribute('value')!
  const posted = await fetch(`${at}/link`, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: await theirs.browser.jar.getCookieString(at) },
    body: new URLSearchParams({ csrf, ticket: mine.ticket, password: person.password }),
  })
  t.is(posted.status, 400)
  // Without the cookie of the browser that came back.
  const bare = createBrowser(fixture.issuer)
  t.is((await bare.open(mine.url)).status, 400)
  t.is((await identitiesOf(cast)).length, 0)

  // Another person's password does not prove this account.
  const stranger = await fixture.addUser()
  const begun = await begin(fixture)
  const page = await signInWith(begun, 'google')
  t.is((await page.submit('/link', { password: stranger.password })).status, 422)
  const consent = await page.submit('/link', { password: person.password })
  t.is(await finish(begun, consent), person.id)
  t.is((await page.submit('/link', { password: person.password })).status, 400)
})

test('a banned person is told so on the login page, and nothing is linked or counted', async (t) => {
  const google = await oidcStandIn(t)
  const cast = await scene(google, await start(t, { env: googleEnv(google) }))
  const { fixture, person } = cast
  google.person.email_verified = true
  const begun = await begin(fixture)
  await finish(begun, await signInWith(begun, 'google'))
  const before = await fixture.storage.users.findById(person.id)
  await fixture.storage.users.update(person.id, { bannedAt: Date.now() })
  const refused = await signInWith(await begin(fixture), 'google')
  t.is(refused.status, 403)
  t.regex(refused.text, /is closed/)
  t.like(await fixture.storage.users.findById(person.id), { loginCount: before!.loginCount })
  const [failure] = await auditOf(fixture, 'login.failed')
  t.deepEqual(failure?.details, { provider: 'google', reason: 'account_disabled' })
})

test('where registration is closed a stranger is told so, and whoever is known comes in', async (t) => {
  const google = await oidcStandIn(t)
  const env = { ...googleEnv(google), REGISTRATION: 'closed' }
  const cast = await scene(google, await start(t, { env }))
  google.person.email_verified = true
  const begun = await begin(cast.fixture)
  t.is(await finish(begun, await signInWith(begun, 'google')), cast.person.id)
  google.person = { sub: 'G2', email: 'new@gmail.com', email_verified: true }
  const refused = await signInWith(await begin(cast.fixture), 'google')
  t.is(refused.status, 403)
  t.regex(refused.text, /New accounts are not open here/)
})
