import test from 'ava'
import { committed } from '#oidc/unit-of-work.ts'
import { addApp, appWith } from '../support/authenticator.ts'
import { createBrowser } from '../support/browser.ts'
import { signIn } from '../support/relying-party.ts'
import { start, type Fixture } from '../support/start.ts'
import { authorizeUrl, newCast } from './journey.ts'

/** Forms of the second step that are sent when something else has happened since they were opened. */

/** A person who must have a factor, on the page that sets one up. */
async function atEnrolment(fixture: Fixture) {
  const { client, person } = await newCast(fixture, { first_party: true })
  await fixture.storage.users.update(person.id, { roles: ['staff'] })
  const browser = createBrowser(fixture.issuer)
  const page = await signIn(await browser.open(authorizeUrl(fixture, client).href), person)
  const secret = page.root.querySelector('.secret')!.textContent.replaceAll(/\s/g, '')
  return { client, person, browser, page, app: appWith(secret) }
}

const env = { SECOND_FACTOR_FOR_ROLES: 'staff' }

// Serial: it moves the clock by which oidc-provider judges the sign-in.
test.serial('an enrolment form that stood open for long adds nothing', async (t) => {
  const fixture = await start(t, { env })
  const { page, app, person } = await atEnrolment(fixture)
  const code = app.next()
  const clock = Date.now
  t.teardown(() => (Date.now = clock))
  Date.now = () => clock() + 21 * 60_000
  t.is((await page.submit('/enrol', { code })).status, 400)
  t.false(await fixture.storage.factors.anyOfUser(person.id))
  Date.now = () => clock() + 19 * 60_000
  t.is((await page.submit('/enrol', { code })).status, 200)
  t.true(await fixture.storage.factors.anyOfUser(person.id))
})

test('an enrolment form that stood open before the person had a factor replaces it with nothing', async (t) => {
  const fixture = await start(t, { env })
  const { client, person, browser, page, app } = await atEnrolment(fixture)
  await addApp(fixture, person.id)
  const [own] = await fixture.storage.factors.listByUser(person.id)

  const answered = await page.submit('/enrol', { code: app.next() })
  t.is(answered.status, 400)
  t.deepEqual(await fixture.storage.factors.listByUser(person.id), [own])
  const again = await browser.open(authorizeUrl(fixture, client).href)
  t.regex(again.text, /Enter the code/)
})

test('a right code does not raise a session that is someone else’s by then', async (t) => {
  const fixture = await start(t)
  const { client, person } = await newCast(fixture, { first_party: true })
  const app = await addApp(fixture, person.id)
  const browser = createBrowser(fixture.issuer)
  const page = await signIn(await browser.open(authorizeUrl(fixture, client).href), person)
  const other = await fixture.addUser()
  const { Session } = fixture.server.app.engine.provider
  const cookies = await browser.jar.getCookies(fixture.issuer)
  const key = cookies.find(({ key }) => key === 'yumen_session')!.value
  const session = await committed(fixture.storage.artifacts, async () => {
    const found = (await Session.find(key))!
    found.accountId = other.id
    await found.persist()
    return found
  })

  t.is((await page.submit('/second-factor', { code: app.next() })).status, 400)
  t.is((await Session.findByUid(session.uid))?.acr, 'urn:yumen:acr:1')
  await fixture.server.services.telemetry.audit.flush()
  const { events } = await fixture.storage.audit.list({ type: 'second_factor.', limit: 10 })
  t.deepEqual(events, [])
})
