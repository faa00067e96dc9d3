import test from 'ava'
import { createBrowser, type Page } from '../support/browser.ts'
import { oidcStandIn, type OidcStandIn } from '../support/stand-ins/oidc.ts'
import { start, type Fixture, type Person } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { auditOf, begin, finish, googleEnv, signInWith, type Begun } from './journey.ts'

interface Scene {
  google: OidcStandIn
  fixture: Fixture
  person: Person
}

/** A person has an account, and comes from Google with its e-mail, which Google has not verified. */
async function scene(google: OidcStandIn, fixture: Fixture): Promise<Scene> {
  const person = await fixture.addUser({ email: 'li.hua@gmail.com' })
  google.person = { sub: 'G1', email: person.email, email_verified: false, name: 'Li' }
  return { google, fixture, person }
}

const identitiesOf = ({ fixture, person }: Scene) =>
  fixture.storage.identities.listByUser(person.id)

onStorages(
  'who proves the account by its password has it linked, and needs no proof again',
  async (t, open) => {
    const google = await oidcStandIn(t)
    const cast = await scene(google, await open({ env: googleEnv(google) }))
    const begun = await begin(cast.fixture)
    const page = await signInWith(begun, 'google')
    t.regex(page.text, /If you have an account with li\.hua@gmail\.com/)
    t.is((await identitiesOf(cast)).length, 0)

    const wrong = await page.submit('/link', { password: 'not this one' })
    t.is(wrong.status, 422)
    t.regex(wrong.text, /Wrong e-mail or password/)
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
  t.regex(chinese.text, /如果你有使用 li\.hua@gmail\.com 的账号/)
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

  // Someone else's browser, with an interaction of its own.
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

/** The page without what differs by nature: the e-mail, tokens and addresses. */
const shapeOf = (page: Page, email: string) =>
  page.text.replaceAll(email, 'EMAIL').replaceAll(/(?:value|href|action|nonce)="[^"]*"/g, '')

test('the question does not reveal whether the address has an account', async (t) => {
  const google = await oidcStandIn(t)
  const cast = await scene(google, await start(t, { env: googleEnv(google) }))
  const taken = await signInWith(await begin(cast.fixture), 'google')
  google.person = { sub: 'G2', email: 'free@gmail.com', email_verified: false }
  const free = await signInWith(await begin(cast.fixture), 'google')
  t.is(shapeOf(free, 'free@gmail.com'), shapeOf(taken, cast.person.email))

  const [ofFree, ofTaken] = await Promise.all(
    [free, taken].map((page) => page.submit('/link', { password: 'not this one' })),
  )
  t.deepEqual([ofFree!.status, ofTaken!.status], [422, 422])
  t.is(shapeOf(ofFree!, 'free@gmail.com'), shapeOf(ofTaken!, cast.person.email))
})

test('a person who wants a new account gets one, without the address that has one', async (t) => {
  const google = await oidcStandIn(t)
  const cast = await scene(google, await start(t, { env: googleEnv(google) }))
  const begun = await begin(cast.fixture)
  const page = await signInWith(begun, 'google')
  const consent = await page.submit('/link', { choice: 'new' })
  const id = await finish(begun, consent)
  t.not(id, cast.person.id)
  t.like(await cast.fixture.storage.users.findById(id), { email: undefined })
  t.is((await identitiesOf(cast)).length, 0)
  t.like((await auditOf(cast.fixture, 'user.registered'))[0], { actor: id })
  t.is((await page.submit('/link', { choice: 'new' })).status, 400)

  const again = await begin(cast.fixture)
  t.is(await finish(again, await signInWith(again, 'google')), id)
})

test('where registration is closed the question offers no new account, and makes none', async (t) => {
  const google = await oidcStandIn(t)
  const env = { ...googleEnv(google), REGISTRATION: 'closed' }
  const cast = await scene(google, await start(t, { env }))
  const page = await signInWith(await begin(cast.fixture), 'google')
  t.is(page.root.querySelector('[name=choice]'), null)
  const refused = await page.submit('/link', { choice: 'new' })
  t.is(refused.status, 403)
  t.regex(refused.text, /Registration is closed/)
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
  t.regex(refused.text, /is disabled/)
  t.like(await fixture.storage.users.findById(person.id), { loginCount: before!.loginCount })
  const [failure] = await auditOf(fixture, 'login.failed')
  t.deepEqual(failure?.details, { provider: 'google', reason: 'account_disabled' })
})

test('where registration is closed a stranger is told so, and anyone who is known comes in', async (t) => {
  const google = await oidcStandIn(t)
  const env = { ...googleEnv(google), REGISTRATION: 'closed' }
  const cast = await scene(google, await start(t, { env }))
  google.person.email_verified = true
  const begun = await begin(cast.fixture)
  t.is(await finish(begun, await signInWith(begun, 'google')), cast.person.id)
  google.person = { sub: 'G2', email: 'new@gmail.com', email_verified: true }
  const refused = await signInWith(await begin(cast.fixture), 'google')
  t.is(refused.status, 403)
  t.regex(refused.text, /Registration is closed/)
})
