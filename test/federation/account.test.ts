import test from 'ava'
import { rowsOf } from '../account/person.ts'
import { apiOf } from '../support/api.ts'
import { addApp } from '../support/authenticator.ts'
import { createBrowser, type Browser, type Page } from '../support/browser.ts'
import { githubStandIn } from '../support/stand-ins/github.ts'
import { oidcStandIn } from '../support/stand-ins/oidc.ts'
import { signIn } from '../support/relying-party.ts'
import { start, type Fixture, type Person } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { auditOf, begin, callbackOf, finish, githubEnv, googleEnv, signInWith } from './journey.ts'

/** A browser that is signed in, on the page of its identities. */
async function atIdentities(
  fixture: Fixture,
  person: Person,
): Promise<{ browser: Browser; page: Page }> {
  const browser = createBrowser(fixture.issuer)
  const login = await browser.open('/account/identities')
  return { browser, page: await signIn(login, person) }
}

async function scene(
  t: Parameters<typeof start>[0],
  open: (options: { env: Record<string, string> }) => Promise<Fixture> = (options) =>
    start(t, options),
) {
  const [google, github] = [await oidcStandIn(t), await githubStandIn(t)]
  const fixture = await open({ env: { ...googleEnv(google), ...githubEnv(github) } })
  return { google, github, fixture, person: await fixture.addUser() }
}

onStorages(
  'who is signed in links accounts elsewhere on a page, and takes them away again',
  async (t, open) => {
    const { google, fixture, person } = await scene(t, open)
    google.person = { sub: 'G1', name: '李华 🌸', email: 'else@gmail.com', email_verified: true }
    const { browser, page } = await atIdentities(fixture, person)
    t.is(page.url.pathname, '/account/identities')
    t.regex(page.text, /None yet/)
    const away = await page.submit('/link', { provider: 'google' })
    const linked = await browser.open(await callbackOf(away))
    t.regex(linked.text, /You can now sign in with it\./)
    t.regex(rowsOf(linked)[0] ?? '', /^Google ?李华 🌸/)
    const [identity] = await fixture.storage.identities.listByUser(person.id)
    t.is(identity?.subject, 'G1')
    // Linking is no sign-in, and changes nothing else of the account.
    t.like(await fixture.storage.users.findById(person.id), {
      email: person.email,
      nickname: undefined,
    })

    const begun = await begin(fixture)
    t.is(await finish(begun, await signInWith(begun, 'google')), person.id)
    const gone = await linked.submit('/unlink')
    t.regex(gone.text, /None yet/)
    for (const type of ['identity.linked', 'identity.unlinked'])
      t.like(
        (await auditOf(fixture, type))[0],
        { actor: person.id, target: `user:${person.id}` },
        type,
      )
  },
)

test('the API lists identities, and lets all go but the last way in', async (t) => {
  const { github, google, fixture, person } = await scene(t)
  const api = apiOf(fixture)
  const { browser, page } = await atIdentities(fixture, person)
  for (const provider of ['google', 'github'])
    await browser.open(await callbackOf(await page.submit('/link', { provider })))
  const { access_token: token } = await api.login(person)
  const listed = await api.call('GET', '/users/me/identities', { token })
  const names = listed.body.identities.map((one: { provider: string }) => one.provider)
  t.deepEqual(names, ['google', 'github'])
  t.deepEqual(
    (await api.call('GET', '/users/me', { token })).body.identities,
    listed.body.identities,
  )
  const [first, second] = listed.body.identities.map((one: { id: string }) => one.id)
  const stranger = await api.login(await fixture.addUser())
  const foreign = { token: stranger.access_token }
  t.is((await api.call('DELETE', `/users/me/identities/${first}`, foreign)).status, 404)
  for (const id of [first, second])
    t.is((await api.call('DELETE', `/users/me/identities/${id}`, { token })).status, 204)
  t.is((await api.call('DELETE', `/users/me/identities/${first}`, { token })).status, 404)
  t.is((await auditOf(fixture, 'identity.unlinked')).length, 2)
  t.truthy(github.url && google.url)
})

test('the last way in stays', async (t) => {
  const { fixture, google } = await scene(t)
  google.person = { sub: 'G9' }
  const begun = await begin(fixture)
  const sub = await finish(begun, await signInWith(begun, 'google'))
  const page = await begun.browser.open('/account/identities')
  const refused = await page.submit('/unlink')
  t.regex(refused.text, /This is your only way to sign in/)
  t.is((await fixture.storage.identities.listByUser(sub)).length, 1)
})

test('an identity that is someone’s is not taken from them', async (t) => {
  const { fixture, google, person } = await scene(t)
  google.person = { sub: 'G1' }
  const begun = await begin(fixture)
  const owner = await finish(begun, await signInWith(begun, 'google'))
  const { browser, page } = await atIdentities(fixture, person)
  const away = await page.submit('/link', { provider: 'google' })
  t.regex((await browser.open(await callbackOf(away))).text, /already linked to another user/)
  t.is((await fixture.storage.identities.listByUser(owner)).length, 1)
  t.deepEqual(await fixture.storage.identities.listByUser(person.id), [])
})

test('what comes back is linked in the browser that was sent, and to anyone who had sent it', async (t) => {
  const { fixture, person } = await scene(t)
  const mine = await atIdentities(fixture, person)
  const callback = await callbackOf(await mine.page.submit('/link', { provider: 'google' }))
  const cookie = await mine.browser.jar.getCookieString(callback)
  const arrival = await fetch(callback, { redirect: 'manual', headers: { cookie } })
  const location = arrival.headers.get('location')!
  const other = await fixture.addUser()
  const theirs = await atIdentities(fixture, other)
  t.is((await theirs.browser.open(location)).status, 400)
  t.deepEqual(await fixture.storage.identities.listByUser(other.id), [])
  // Nor by anyone who is not signed in at all.
  const nobody = createBrowser(fixture.issuer)
  t.truthy((await nobody.open(location)).root.querySelector('[name=password]'))
  await mine.browser.open(location)
  t.is((await fixture.storage.identities.listByUser(person.id)).length, 1)
})

test('what comes back is not linked to someone who has signed in since in the same browser', async (t) => {
  const { fixture, person } = await scene(t)
  const { browser, page } = await atIdentities(fixture, person)
  const callback = await callbackOf(await page.submit('/link', { provider: 'google' }))
  const cookie = await browser.jar.getCookieString(callback)
  const arrival = await fetch(callback, { redirect: 'manual', headers: { cookie } })
  const other = await fixture.addUser()
  const { login } = await begin(fixture, { browser, parameters: { prompt: 'login' } })
  // The engine signs the first person out, by a page that posts itself.
  await (await signIn(login, other)).submit('/oauth/logout/confirm')
  const own = await browser.open('/account/identities')
  t.true(own.text.includes(other.email), own.text)
  t.is((await browser.open(arrival.headers.get('location')!)).status, 400)
  for (const { id } of [person, other])
    t.deepEqual(await fixture.storage.identities.listByUser(id), [])
})

test('an arrival that was to link is no sign-in, and one that was to sign in links nothing', async (t) => {
  const { fixture, person, google } = await scene(t)
  google.person = { sub: 'G1' }
  const { browser, page } = await atIdentities(fixture, person)
  const callback = await callbackOf(await page.submit('/link', { provider: 'google' }))
  const cookie = await browser.jar.getCookieString(callback)
  const arrival = await fetch(callback, { redirect: 'manual', headers: { cookie } })
  const ticket = new URL(arrival.headers.get('location')!, fixture.issuer).search
  const begun = await begin(fixture, { browser, parameters: { prompt: 'login' } })
  t.is((await browser.open(`${begun.login.url.pathname}/federated${ticket}`)).status, 400)
  t.deepEqual(await fixture.storage.identities.listByUser(person.id), [])
})

test('forms of the page need its token, and a sign-in of a short while ago', async (t) => {
  const { fixture, person } = await scene(t)
  const { browser, page } = await atIdentities(fixture, person)
  const cookie = await browser.jar.getCookieString(page.url.href)
  for (const path of ['/account/identities/link', '/account/identities/unlink']) {
    const answer = await fetch(fixture.issuer + path, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie },
      body: new URLSearchParams({ provider: 'google', id: 'x', csrf: 'x' }),
    })
    t.is(answer.status, 403, path)
  }
  await fixture.storage.users.update(person.id, { bannedAt: Date.now() })
  t.not((await browser.open('/account/identities')).url.pathname, '/account/identities')
})

// Serial: it moves the clock by which the engine notes the sign-in.
test.serial('an old sign-in sees its accounts, and neither adds nor removes one', async (t) => {
  const clock = Date.now
  t.teardown(() => (Date.now = clock))
  Date.now = () => clock() - 601_000
  const { fixture, google } = await scene(t)
  google.person = { sub: 'G1' }
  const begun = await begin(fixture)
  const sub = await finish(begun, await signInWith(begun, 'google'))
  await fixture.storage.users.setPasswordHash(sub, 'x')
  Date.now = clock
  const page = await begun.browser.open('/account/identities')
  t.is(page.url.pathname, '/account/identities')
  for (const form of ['/link', '/unlink'])
    t.regex(
      (await page.submit(form, { provider: 'google' })).url.pathname,
      /^\/interaction\//,
      form,
    )
  t.is((await fixture.storage.identities.listByUser(sub)).length, 1)
})

test('a session of the password alone links nothing once a second factor is due', async (t) => {
  const { fixture, person } = await scene(t)
  const { page } = await atIdentities(fixture, person)
  await addApp(fixture, person.id)
  const asked = await page.submit('/link', { provider: 'google' })
  t.is(asked.left, undefined)
  t.regex(asked.text, /Enter the code/)
})
