import test from 'ava'
import { oidcStandIn } from '../support/stand-ins/oidc.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { auditOf, begin, callbackOf, finish, googleEnv, press, signInWith } from './journey.ts'

const li = {
  sub: '110169484474386276334',
  email: 'li.hua@gmail.com',
  email_verified: true,
  name: '李华 🌸',
  picture: 'https://lh3.googleusercontent.com/a/photo',
}

onStorages('a stranger signs in with Google and gets an account', async (t, open) => {
  const google = await oidcStandIn(t)
  google.person = li
  const fixture = await open({ env: googleEnv(google) })
  const begun = await begin(fixture)
  t.regex(begun.login.text, /Continue with Google/)
  const consent = await signInWith(begun, 'google')
  t.regex(consent.text, /李华 🌸/)
  const sub = await finish(begun, consent)
  const user = await fixture.storage.users.findById(sub)
  t.like(user, { email: li.email, emailVerified: true, nickname: li.name, loginCount: 1 })
  t.is(user?.avatarUrl, li.picture)
  const [identity] = await fixture.storage.identities.listByUser(sub)
  t.like(identity, { provider: 'google', appId: google.clientId, subject: li.sub })

  const again = await begin(fixture)
  t.is(await finish(again, await signInWith(again, 'google')), sub)
  t.is((await fixture.storage.users.findById(sub))?.loginCount, 2)
  t.is((await auditOf(fixture, 'identity.linked')).length, 1)
  const signIns = await auditOf(fixture, 'login.succeeded')
  t.deepEqual(
    signIns.map(({ actor, details }) => [actor, details]),
    [
      [sub, { amr: ['fed'], provider: 'google' }],
      [sub, { amr: ['fed'], provider: 'google' }],
    ],
  )
})

test.serial('Google is asked with state, nonce, PKCE and our registered callback', async (t) => {
  const google = await oidcStandIn(t)
  const fixture = await start(t, { env: googleEnv(google), path: '/sso' })
  const { left } = await press((await begin(fixture)).login, 'google')
  t.is(left!.origin + left!.pathname, `${google.url}/authorize`)
  const sent = Object.fromEntries(left!.searchParams)
  t.like(sent, {
    client_id: google.clientId,
    response_type: 'code',
    scope: 'openid profile email',
    redirect_uri: `${fixture.issuer}/oauth/google/callback`,
    code_challenge_method: 'S256',
  })
  for (const name of ['state', 'nonce', 'code_challenge']) t.true(sent[name]!.length >= 40, name)
  t.false(left!.href.includes(google.clientSecret))
})

test.serial(
  'a verified address at Google joins the account that has it, when that is verified too',
  async (t) => {
    const google = await oidcStandIn(t)
    google.person = li
    const fixture = await start(t, { env: googleEnv(google) })
    const person = await fixture.addUser({ email: li.email.toUpperCase() })
    await fixture.storage.users.update(person.id, { emailVerified: true, nickname: 'Mine' })
    const begun = await begin(fixture)
    t.is(await finish(begun, await signInWith(begun, 'google')), person.id)
    t.is((await fixture.storage.users.findById(person.id))?.nickname, 'Mine')
    t.is((await auditOf(fixture, 'identity.linked'))[0]?.target, `user:${person.id}`)
  },
)

test.serial('who cancels at Google reads so on the login page, and may go on there', async (t) => {
  const google = await oidcStandIn(t)
  google.mood = 'denying'
  const fixture = await start(t, { env: googleEnv(google) })
  const person = await fixture.addUser()
  const begun = await begin(fixture)
  const back = await signInWith(begun, 'google')
  t.is(back.status, 200)
  t.regex(back.text, /You did not sign in with Google/)
  t.is((await auditOf(fixture, 'login.failed')).length, 0)
  const consent = await back.submit('/login', {
    identifier: person.email,
    password: person.password,
  })
  t.is(await finish(begun, consent), person.id)
})

for (const [mood, sentence] of [
  ['failing', /Google (cannot be reached|did not confirm)/],
  ['broken', /Google did not confirm/],
] as const) {
  test.serial(`a token endpoint that is ${mood} is a sentence on the login page`, async (t) => {
    const google = await oidcStandIn(t)
    google.mood = mood
    const fixture = await start(t, { env: googleEnv(google) })
    const back = await signInWith(await begin(fixture), 'google')
    t.is(back.status, 200)
    t.regex(back.text, sentence)
    t.is((await auditOf(fixture, 'login.failed'))[0]?.details?.['provider'], 'google')
  })
}

test.serial('a provider that cannot be discovered is a sentence on the login page', async (t) => {
  const google = await oidcStandIn(t, { metadata: { issuer: 'https://evil.example' } })
  const fixture = await start(t, { env: googleEnv(google) })
  const page = await press((await begin(fixture)).login, 'google')
  t.is(page.status, 503)
  t.regex(page.text, /Google did not confirm/)
  t.truthy(page.root.querySelector('[name=password]'))
})

test.serial(
  'identity_provider skips the login page, in the request and by /oauth/:provider/login',
  async (t) => {
    const google = await oidcStandIn(t)
    const fixture = await start(t, { env: googleEnv(google) })
    const begun = await begin(fixture, { parameters: { identity_provider: 'google' } })
    t.is(begun.login.left?.origin, google.url)
    await finish(begun, await begun.browser.open(await callbackOf(begun.login)))

    const other = await begin(fixture)
    const short = new URL(`${fixture.issuer}/oauth/google/login`)
    short.search = other.pending.url.search
    const away = await other.browser.open(short.href)
    await finish(other, await other.browser.open(await callbackOf(away)))

    const bare = await other.browser.open(`${fixture.issuer}/oauth/google/login`)
    t.is(bare.status, 400)
    t.is((await other.browser.open(`${fixture.issuer}/oauth/nobody/login`)).status, 404)
    const unknown = await begin(fixture, { parameters: { identity_provider: 'nobody' } })
    t.truthy(unknown.login.root.querySelector('[name=password]'))
  },
)

test.serial(
  'who cancels after the login page was skipped lands on it, and is not sent away again',
  async (t) => {
    const google = await oidcStandIn(t)
    google.mood = 'denying'
    const fixture = await start(t, { env: googleEnv(google) })
    const begun = await begin(fixture, { parameters: { identity_provider: 'google' } })
    const back = await begun.browser.open(await callbackOf(begun.login))
    t.is(back.left, undefined)
    t.truthy(back.root.querySelector('[name=password]'))
  },
)

test.serial('only what is configured shows', async (t) => {
  const google = await oidcStandIn(t)
  const fixture = await start(t, { env: googleEnv(google) })
  const { login } = await begin(fixture)
  const buttons = login.root.querySelectorAll('button[name=provider]')
  t.deepEqual(
    buttons.map((button) => button.getAttribute('value')),
    ['google'],
  )
  const plain = await begin(await start(t))
  t.is(plain.login.root.querySelector('button[name=provider]'), null)
})

test.serial('nickname and picture follow Google until the person changes them here', async (t) => {
  const google = await oidcStandIn(t)
  google.person = li
  const fixture = await start(t, { env: googleEnv(google) })
  const signIn = async (person: Record<string, unknown>) => {
    google.person = person
    const begun = await begin(fixture)
    const id = await finish(begun, await signInWith(begun, 'google'))
    return fixture.storage.users.findById(id)
  }
  const first = await signIn(li)
  t.is((await signIn({ ...li, name: '华华' }))?.nickname, '华华')
  await fixture.storage.users.update(first!.id, { nickname: 'Chosen' })
  const last = await signIn({ ...li, name: 'Li', picture: 'https://lh3.example/b' })
  t.like(last, { nickname: 'Chosen', avatarUrl: 'https://lh3.example/b' })
})
