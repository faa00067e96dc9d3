import test, { type ExecutionContext } from 'ava'
import { oidcStandIn, type OidcStandIn } from '../support/stand-ins/oidc.ts'
import { apiOf, type Answer } from '../support/api.ts'
import { addApp, type App } from '../support/authenticator.ts'
import type { Page } from '../support/browser.ts'
import { startExchange, trust } from '../support/exchange.ts'
import { openInbox, type Inbox } from '../support/inbox.ts'
import { startIssuer, type Issuer } from '../support/issuer.ts'
import { createBrowser, relyingParty, signIn, type Pending } from '../support/relying-party.ts'
import { newSecurityKey } from '../support/security-key.ts'
import { start, type Fixture, type Person } from '../support/start.ts'
import { openWechat, type Wechat } from '../support/wechat.ts'
import { googleEnv, signInWith } from '../federation/journey.ts'
import { post } from '../security/journey.ts'

/** Every way to sign in, and that the same follows whichever was taken. */
interface Scene {
  fixture: Fixture
  api: ReturnType<typeof apiOf>
  inbox: Inbox
  google: OidcStandIn
  wechat: Wechat
  issuer: Issuer
  person: Person
}

/**
 * Signs in. `ready` is called when everything is there and nothing has begun, for the scene's person or another. What comes
 * back gives the last thing that is asked.
 */
type Way = (
  scene: Scene,
  ready: (userId?: string) => Promise<void>,
) => Promise<(() => Promise<unknown>) | void>

async function open(t: ExecutionContext): Promise<Scene> {
  const [inbox, google, issuer, { wechat, env }] = await Promise.all([
    openInbox(t),
    oidcStandIn(t),
    startIssuer(t),
    openWechat(t),
  ])
  const fixture = await start(t, {
    env: {
      ...env,
      ...googleEnv(google),
      ...trust(t, issuer),
      SMTP_URL: inbox.url,
      SIGN_IN_WITH_EMAIL: 'both',
    },
  })
  const person = await fixture.addUser()
  const api = apiOf(fixture)
  return { fixture, api, inbox, google, wechat, issuer, person }
}

const succeeded = ({ status, body }: Pick<Answer, 'status' | 'body'>): void => {
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
}

interface Visit {
  login: Page
  pending: Pending
  browser: ReturnType<typeof createBrowser>
  client: { id: string; secret: string | undefined }
}

/** A browser on the login page of an application of our own, which asks for no consent. */
async function visit({ fixture }: Scene): Promise<Visit> {
  const client = await fixture.addClient({ first_party: true })
  const pending = await (await relyingParty(fixture, client)).begin()
  const browser = createBrowser(fixture.issuer)
  return { login: await browser.open(pending.url.href), pending, browser, client }
}

const redeem = async ({ pending }: Pick<Visit, 'pending'>, { left, text }: Page): Promise<void> => {
  if (!left?.searchParams.has('code')) throw new Error(text.slice(0, 300))
  await pending.redeem(left)
}

async function link({ fixture, person }: Scene, identity: object): Promise<void> {
  await fixture.storage.identities.link(person.id, { profile: {}, ...identity } as never)
}

/** Asks for a mail; resolves to what it holds and to the page where the code is typed. */
async function mailed(scene: Scene) {
  await scene.fixture.storage.users.update(scene.person.id, { emailVerified: true })
  const { login, ...begun } = await visit(scene)
  const href = login.root.querySelector('a.mail')!.getAttribute('href')!
  const page = await begun.browser.open(href)
  const sent = await page.submit('/mail', { email: scene.person.email })
  const { subject, text } = await scene.inbox.waitFor(/sign-in (code|link)/)
  const code = /\d{3} \d{3}/.exec(subject)?.[0] ?? ''
  return { ...begun, sent, code, link: /http\S+token=\S+/.exec(text)?.[0] ?? '' }
}

async function passkeyOf({ fixture, person }: Scene) {
  const { passkeys } = fixture.server.services.strongSignIn
  const key = newSecurityKey()
  const { origin } = new URL(fixture.issuer)
  const user = (await fixture.storage.users.findById(person.id))!
  const { challenge } = await passkeys.registrationOptions(user)
  await passkeys.register(user, { response: key.create(challenge, { origin }), name: 'Laptop' })
  return (to: string) => key.get(to, { origin })
}

/** Someone who has come from WeChat before. */
async function fromWechat({ wechat, api }: Scene): Promise<{ id: string; code(): string }> {
  const li = { name: 'Li' }
  const { body } = await api.call('POST', '/auth/wechat-login', {
    body: { code: wechat.login(li) },
  })
  return { id: body.user.id, code: () => wechat.login(li) }
}

const answerMfa = async ({ api }: Scene, mfa_token: string, app: App): Promise<void> =>
  succeeded(
    await api.call('POST', '/auth/mfa', { body: { mfa_token, method: 'totp', code: app.next() } }),
  )

const ways: Record<string, Way> = {
  async 'a password, over JSON'({ api, person }, ready) {
    await ready()
    succeeded(await api.call('POST', '/auth/login', { body: person }))
  },
  async 'a password and a second factor, over JSON'(scene, ready) {
    const { api, person, fixture } = scene
    const app = await addApp(fixture, person.id)
    await ready()
    const { body } = await api.call('POST', '/auth/login', { body: person })
    return () => answerMfa(scene, body.mfa_token, app)
  },
  async 'a passkey, over JSON'(scene, ready) {
    const answer = await passkeyOf(scene)
    await ready()
    const { body } = await scene.api.call('POST', '/auth/passkey/options', { body: {} })
    const response = answer(body.challenge)
    succeeded(await scene.api.call('POST', '/auth/passkey', { body: { response } }))
  },
  async 'WeChat, over JSON'(scene, ready) {
    const { id, code } = await fromWechat(scene)
    await ready(id)
    succeeded(await scene.api.call('POST', '/auth/wechat-login', { body: { code: code() } }))
  },
  async 'WeChat and a second factor, over JSON'(scene, ready) {
    const { id, code } = await fromWechat(scene)
    const app = await addApp(scene.fixture, id)
    await ready(id)
    const answer = await scene.api.call('POST', '/auth/wechat-login', { body: { code: code() } })
    return () => answerMfa(scene, answer.body.mfa_token, app)
  },
  async 'WeChat, at the token endpoint'(scene, ready) {
    const { id, code } = await fromWechat(scene)
    await ready(id)
    const grant_type = 'urn:yumen:params:oauth:grant-type:wechat-mini-program'
    const client = { id: 'first-party', secret: undefined }
    const form = { grant_type, code: code() }
    const { status, json } = await post(`${scene.fixture.issuer}/oauth/token`, client, form)
    succeeded({ status, body: json })
  },
  async 'a foreign token, at the token endpoint'(scene, ready) {
    const { issuer, fixture } = scene
    await link(scene, { provider: issuer.url, appId: issuer.audience, subject: 'li' })
    await ready()
    const { exchange } = await startExchange(fixture)
    succeeded(await exchange(await issuer.sign({ sub: 'li' })))
  },
  async 'a password, in a browser'(scene, ready) {
    const begun = await visit(scene)
    await ready()
    await redeem(begun, await signIn(begun.login, scene.person))
  },
  async 'a password and a second factor, in a browser'(scene, ready) {
    const app = await addApp(scene.fixture, scene.person.id)
    await ready()
    const begun = await visit(scene)
    const page = await signIn(begun.login, scene.person)
    return async () => redeem(begun, await page.submit('/second-factor', { code: app.next() }))
  },
  async 'a passkey, in a browser'(scene, ready) {
    const answer = await passkeyOf(scene)
    await ready()
    const { login, ...begun } = await visit(scene)
    const { uid } = /interaction\/(?<uid>[^/]+)/.exec(login.url.href)!.groups!
    const { passkeys } = scene.fixture.server.services.strongSignIn
    const { challenge } = (await passkeys.requestOptions(`sign-in:${uid}`)) as { challenge: string }
    const response = JSON.stringify(answer(challenge))
    await redeem(begun, await login.submit('/passkey', { response }))
  },
  async 'the code of a mail'(scene, ready) {
    await ready()
    const { sent, code, ...begun } = await mailed(scene)
    await redeem(begun, await sent.submit('/mail/code', { code }))
  },
  async 'the link of a mail'(scene, ready) {
    await ready()
    const { browser, link: href, ...begun } = await mailed(scene)
    await redeem(begun, await (await browser.open(href)).submit('/mail/link'))
  },
  async 'another provider'(scene, ready) {
    const { google } = scene
    await link(scene, { provider: 'google', appId: google.clientId, subject: 'G1' })
    google.person = { sub: 'G1', name: 'Li' }
    await ready()
    const begun = await visit(scene)
    await redeem(begun, await signInWith(begun, 'google'))
  },
  async 'another provider, linked with the password'(scene, ready) {
    const { google, person } = scene
    google.person = { sub: 'G1', email: person.email, email_verified: false }
    await ready()
    const begun = await visit(scene)
    const page = await signInWith(begun, 'google')
    return async () => redeem(begun, await page.submit('/link', { password: person.password }))
  },
}

/** What follows a sign-in, as someone from outside sees it. */
async function traceOf({ fixture }: Scene, id: string) {
  await fixture.server.services.telemetry.audit.flush()
  const { events } = await fixture.storage.audit.list({ target: `user:${id}`, limit: 100 })
  const count = (type: string) => events.filter((one) => one.type === type).length
  const user = (await fixture.storage.users.findById(id))!
  return {
    succeeded: count('login.succeeded'),
    newDevices: count('device.new'),
    logins: user.loginCount,
    isToBeErased: user.eraseAt !== undefined,
  }
}

for (const [name, way] of Object.entries(ways))
  test(`${name}: one event, one new device, one sign-in counted, and no erasure, when all is given`, async (t) => {
    const scene = await open(t)
    const { users } = scene.fixture.storage
    let id = scene.person.id
    let before: Awaited<ReturnType<typeof traceOf>> | undefined
    const finish = await way(scene, async (userId = id) => {
      id = userId
      // Someone who was here before, on a device that no one remembers.
      await users.recordLogin(id)
      for (const known of await scene.fixture.storage.artifacts.listByAccount('KnownDevice', id))
        await scene.fixture.storage.artifacts.remove('KnownDevice', known.key)
      await users.update(id, { eraseAt: Date.now() + 86_400_000 })
      before = await traceOf(scene, id)
    })
    if (!before) throw new Error('the way was never ready')
    if (finish) {
      t.deepEqual(await traceOf(scene, id), before, 'nothing has followed yet')
      await finish()
    }
    t.deepEqual(await traceOf(scene, id), {
      succeeded: before.succeeded + 1,
      newDevices: before.newDevices + 1,
      logins: before.logins + 1,
      isToBeErased: false,
    })
  })

test('consent, a second application and a silent one are no further sign-in', async (t) => {
  const scene = await open(t)
  const { fixture, person } = scene
  const begun = await visit(scene)
  await redeem(begun, await signIn(begun.login, person))
  const once = await traceOf(scene, person.id)
  t.is(once.succeeded, 1)
  const other = await (await relyingParty(fixture, await fixture.addClient())).begin()
  const consent = await begun.browser.open(other.url.href)
  await redeem({ pending: other }, await consent.submit('/consent'))
  const again = await (await relyingParty(fixture, begun.client)).begin({ prompt: 'none' })
  await redeem({ pending: again }, await begun.browser.open(again.url.href))
  t.deepEqual(await traceOf(scene, person.id), once)
})

test('with consent a sign-in is one, and a second factor that is asked for by name later is none', async (t) => {
  const scene = await open(t)
  const { fixture, person } = scene
  const party = await relyingParty(fixture, await fixture.addClient())
  const pending = await party.begin()
  const browser = createBrowser(fixture.issuer)
  const consent = await signIn(await browser.open(pending.url.href), person)
  await redeem({ pending }, await consent.submit('/consent'))
  const once = await traceOf(scene, person.id)
  t.is(once.succeeded, 1)

  const app = await addApp(fixture, person.id)
  const raised = await party.begin({ acr_values: 'urn:yumen:acr:2' })
  const asked = await browser.open(raised.url.href)
  await redeem({ pending: raised }, await asked.submit('/second-factor', { code: app.next() }))
  t.deepEqual(await traceOf(scene, person.id), once)
})
