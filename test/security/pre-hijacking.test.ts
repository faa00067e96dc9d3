import test, { type ExecutionContext } from 'ava'
import { newId } from '#lib/ids.ts'
import { apiOf, type Api } from '../support/api.ts'
import { createBrowser, relyingParty, signIn } from '../support/relying-party.ts'
import { codeIn } from '../support/codes.ts'
import { openInbox, type Inbox } from '../support/inbox.ts'
import { oidcStandIn } from '../support/stand-ins/oidc.ts'
import { start, type Fixture, type StartOptions } from '../support/start.ts'
import { onEveryDatabase } from '../support/storages.ts'
import { begin, finish, googleEnv, signInWith } from '../federation/journey.ts'

/**
 * "Pre-hijacked accounts" (Sudhodanan and Paverd, USENIX Security 2022): an attacker makes an account with the victim's
 * address before the victim does, and waits. Each test is one of the paper's five classes, or a way in which the owner of
 * the address takes the account over; whatever the attacker holds is worth nothing afterwards.
 */
interface Scene {
  fixture: Fixture
  api: Api
  inbox: Inbox
  attacker: Attacker
}

interface Attacker {
  id: string
  email: string
  password: string
  accessToken: string
  refreshToken: string
  apiKey: string
}

const email = 'victim@gmail.com'
const theirs = { provider: 'google', appId: 'attacker', subject: 'A', profile: {} }

async function scene(
  t: ExecutionContext,
  open: (options: StartOptions) => Promise<Fixture>,
  env: Record<string, string> = {},
): Promise<Scene> {
  const inbox = await openInbox(t)
  const fixture = await open({ env: { SMTP_URL: inbox.url, PASSWORD_MIN_STRENGTH: '0', ...env } })
  const api = apiOf(fixture)
  const given = { email, password: 'chosen by the attacker' }
  await api.call('POST', '/auth/register', { body: given })
  const signedIn = await api.login(given)
  const { access_token: accessToken, refresh_token: refreshToken, user } = signedIn
  const key = { name: 'ci', scopes: ['account:read', 'account:write'] }
  const made = await api.call('POST', '/users/api-keys', { token: accessToken, body: key })
  const { storage } = fixture
  await storage.identities.link(user.id, theirs)
  const factor = { id: newId(), userId: user.id, key: 'f', name: '', data: '{}', counter: 0 }
  await storage.factors.add({ ...factor, kind: 'totp' })
  const attacker = { ...given, id: user.id, accessToken, refreshToken, apiKey: made.body.key }
  return { fixture, api, inbox, attacker }
}

const tokenIn = ({ text }: { text: string }): string => /token=([\w-]+)/.exec(text)?.[1] ?? ''

/** The token of the link in the next mail of this subject. */
async function linkOf({ api, inbox }: Scene, path: string, subject: RegExp): Promise<string> {
  // Of the registration; another would be void as soon as the next is made.
  await inbox.waitFor(/^Your code is/)
  inbox.received.length = 0
  await api.call('POST', path, { body: { email } })
  return tokenIn(await inbox.waitFor(subject))
}

/** Of all that the attacker holds, what still works. */
async function whatWorks({ api, fixture, attacker }: Scene): Promise<string[]> {
  const { accessToken: token, refreshToken, apiKey, id } = attacker
  const statusOf = async (call: ReturnType<Api['call']>) => (await call).status
  const { email, password } = attacker
  const tries: Record<string, boolean> = {
    password:
      (await statusOf(api.call('POST', '/auth/login', { body: { email, password } }))) !== 401,
    'access token': (await statusOf(api.call('GET', '/users/me', { token }))) === 200,
    'refresh token':
      (await statusOf(
        api.call('POST', '/auth/refresh', { body: { refresh_token: refreshToken } }),
      )) === 200,
    'API key':
      (await statusOf(api.call('GET', '/users/me', { headers: { 'x-api-key': apiKey } }))) === 200,
    identity: (await fixture.storage.identities.find(theirs))?.userId === id,
    factor: await fixture.storage.factors.anyOfUser(id),
  }
  return Object.entries(tries).flatMap(([name, works]) => (works ? [name] : []))
}

onEveryDatabase(
  'unexpired session and trojan identifier: nothing outlives a reset by the owner of the address',
  async (t, open) => {
    const cast = await scene(t, open)
    t.is((await whatWorks(cast)).length, 6)
    const token = await linkOf(cast, '/auth/forgot-password', /new .*password/i)
    const body = { token, password: 'chosen by the victim' }
    t.is((await cast.api.call('POST', '/auth/reset-password', { body })).status, 200)
    t.deepEqual(await whatWorks(cast), [])
    const { user } = await cast.api.login({ email, password: body.password })
    t.is(user.id, cast.attacker.id)
    const mail = await cast.inbox.waitFor(/now yours alone/)
    t.regex(
      mail.text,
      /API keys: 1, linked accounts: google, second factors: 1|API keys: 1; linked accounts: google; second factors: 1/,
    )
  },
)

onEveryDatabase(
  'classic-federated merge: nothing outlives a sign-in of the owner through a trusted provider',
  async (t, open) => {
    const google = await oidcStandIn(t)
    google.person = { sub: 'V', email, email_verified: true, name: 'Victim' }
    const cast = await scene(t, open, googleEnv(google))
    const begun = await begin(cast.fixture)
    t.is(await finish(begun, await signInWith(begun, 'google')), cast.attacker.id)
    t.deepEqual(await whatWorks(cast), [])
    t.regex((await cast.inbox.waitFor(/now yours alone/)).text, /the old password/)
  },
)

test('an owner who loses nothing but the password is told so', async (t) => {
  const [google, inbox] = [await oidcStandIn(t), await openInbox(t)]
  google.person = { sub: 'V', email, email_verified: true, name: 'Victim' }
  const fixture = await start(t, { env: { SMTP_URL: inbox.url, ...googleEnv(google) } })
  const { id } = await fixture.addUser({ email })
  const begun = await begin(fixture)
  t.is(await finish(begun, await signInWith(begun, 'google')), id)
  t.regex((await inbox.waitFor(/now yours alone/)).text, /the old password/)
})

onEveryDatabase(
  'unexpired e-mail change: a change that was begun before ends with the reset',
  async (t, open) => {
    const cast = await scene(t, open)
    const { api, inbox, attacker } = cast
    inbox.received.length = 0
    const wanted = { email: 'attacker@example.com', password: attacker.password }
    await api.call('POST', '/users/me/email', { token: attacker.accessToken, body: wanted })
    const code = codeIn(await inbox.waitFor(/^Your code is/))
    const token = await linkOf(cast, '/auth/forgot-password', /new .*password/i)
    const password = 'chosen by the victim'
    await api.call('POST', '/auth/reset-password', { body: { token, password } })
    for (const credential of [
      attacker.accessToken,
      (await api.login({ email, password })).access_token,
    ]) {
      const answer = await api.call('POST', '/users/me/email/confirm', {
        token: credential,
        body: { code },
      })
      t.not(answer.status, 200)
    }
    t.like(await cast.fixture.storage.users.findById(attacker.id), { email })
  },
)

onEveryDatabase(
  'non-verifying provider: an address that nobody has verified makes no account with it',
  async (t, open) => {
    const google = await oidcStandIn(t)
    const inbox = await openInbox(t)
    const fixture = await open({
      env: { SMTP_URL: inbox.url, PASSWORD_MIN_STRENGTH: '0', ...googleEnv(google) },
    })
    google.person = { sub: 'A', email, email_verified: false, name: 'Attacker' }
    const begun = await begin(fixture)
    const asked = await signInWith(begun, 'google')
    const attacker = await finish(begun, await asked.submit('/link', { choice: 'new' }))
    const api = apiOf(fixture)
    const victim = { email, password: 'chosen by the victim' }
    t.is((await api.call('POST', '/auth/register', { body: victim })).status, 201)
    t.not((await api.login(victim)).user.id, attacker)
  },
)

onEveryDatabase(
  'an address that is confirmed elsewhere leaves nothing but the password, which its owner is told to change',
  async (t, open) => {
    const cast = await scene(t, open)
    const token = await linkOf(cast, '/auth/request-verify', /^Your code is/)
    const page = await createBrowser(cast.fixture.issuer).open(
      `${cast.fixture.issuer}/verify-email?token=${token}`,
    )
    t.regex(page.text, /created in another browser/)
    t.regex((await page.submit('/verify-email')).text, /Your address is confirmed/)
    t.deepEqual(await whatWorks(cast), ['password'])
  },
)

onEveryDatabase(
  'the holder of the account who confirms the address keeps everything',
  async (t, open) => {
    const cast = await scene(t, open)
    const { api, attacker } = cast
    const token = await linkOf(cast, '/auth/request-verify', /^Your code is/)
    const call = { token: attacker.accessToken, body: { token } }
    t.is((await api.call('POST', '/auth/verify-email', call)).status, 200)
    t.is((await whatWorks(cast)).length, 6)
    t.like(await cast.fixture.storage.users.findById(attacker.id), { emailVerified: true })
  },
)

test('anyone who is signed in to another account takes the account over, as a stranger does', async (t) => {
  const cast = await scene(t, (options) => start(t, options))
  const { access_token: token } = await cast.api.login(await cast.fixture.addUser())
  const body = { token: await linkOf(cast, '/auth/request-verify', /^Your code is/) }
  t.is((await cast.api.call('POST', '/auth/verify-email', { token, body })).status, 200)
  t.deepEqual(await whatWorks(cast), ['password'])
})

test('who has registered another account in this browser before still confirms their own as its holder', async (t) => {
  const cast = await scene(t, (options) => start(t, options))
  const { issuer, storage, addClient } = cast.fixture
  const { attacker: holder } = cast
  const [factor] = await storage.factors.listByUser(holder.id)
  await storage.factors.remove(holder.id, factor!.id)
  const party = await relyingParty(cast.fixture, await addClient({ first_party: true }))
  const browser = createBrowser(issuer)
  const newcomer = { email: 'other@example.com', password: 'another long password' }
  const registration = await browser.open((await party.begin({ prompt: 'create' })).url.href)
  await registration.submit('/register', newcomer)
  const login = await browser.open((await party.begin({ prompt: 'login' })).url.href)
  await signIn(login, { email, password: holder.password })

  const token = await linkOf(cast, '/auth/request-verify', /^Your code is/)
  const page = await browser.open(`${issuer}/verify-email?token=${token}`)
  t.notRegex(page.text, /created in another browser/)
  await page.submit('/verify-email')
  t.true((await whatWorks(cast)).includes('API key'))
})

test('the link of an old mail takes no confirmed address off its account', async (t) => {
  const cast = await scene(t, (options) => start(t, options))
  const { issuer, storage } = cast.fixture
  const token = await linkOf(cast, '/auth/request-verify', /^Your code is/)
  await storage.users.update(cast.attacker.id, { emailVerified: true })
  const page = await createBrowser(issuer).open(`${issuer}/verify-email?token=${token}`)
  await page.submit('/verify-email', { not_me: 'yes' })
  t.is((await whatWorks(cast)).length, 6)
  t.like(await storage.users.findById(cast.attacker.id), { email, emailVerified: true })
})

onEveryDatabase(
  'the owner of an address takes it off an account that is not theirs',
  async (t, open) => {
    const cast = await scene(t, open)
    const { fixture, attacker, api } = cast
    await fixture.storage.identities.unlink(
      attacker.id,
      (await fixture.storage.identities.listByUser(attacker.id))[0]!.id,
    )
    const token = await linkOf(cast, '/auth/request-verify', /^Your code is/)
    const page = await createBrowser(fixture.issuer).open(
      `${fixture.issuer}/verify-email?token=${token}`,
    )
    const done = await page.submit('/verify-email', { not_me: 'yes' })
    t.regex(done.text, /Your address is no longer used/)
    t.deepEqual(await whatWorks(cast), [])
    t.is(await fixture.storage.users.findById(attacker.id), undefined)
    const victim = { email, password: 'chosen by the victim' }
    t.is((await api.call('POST', '/auth/register', { body: victim })).status, 201)
    t.not((await api.login(victim)).user.id, attacker.id)
  },
)
