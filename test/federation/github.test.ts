import test from 'ava'
import { githubStandIn } from '../support/stand-ins/github.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { begin, finish, githubEnv, press, signInWith } from './journey.ts'

const mail = (email: string, primary: boolean, verified: boolean) => ({
  email,
  primary,
  verified,
  visibility: null,
})

onStorages(
  'a stranger signs in with GitHub, with the verified primary address',
  async (t, open) => {
    const github = await githubStandIn(t)
    github.emails = [
      mail('old@example.com', false, true),
      mail('octo@example.com', true, true),
      mail('octocat@users.noreply.github.com', false, true),
    ]
    const fixture = await open({ env: githubEnv(github) })
    const begun = await begin(fixture)
    const sub = await finish(begun, await signInWith(begun, 'github'))
    const user = await fixture.storage.users.findById(sub)
    t.like(user, { email: 'octo@example.com', emailVerified: true, nickname: '八爪猫 🐙' })
    const [identity] = await fixture.storage.identities.listByUser(sub)
    t.like(identity, { provider: 'github', subject: '583231', appId: github.clientId })
    const again = await begin(fixture)
    t.is(await finish(again, await signInWith(again, 'github')), sub)
  },
)

test('an address at GitHub that is not verified, or not the primary one, is not taken', async (t) => {
  const github = await githubStandIn(t)
  github.person.name = null
  github.person.email = 'shown@example.com'
  github.emails = [mail('octo@example.com', true, false), mail('other@example.com', false, true)]
  const fixture = await start(t, { env: githubEnv(github) })
  const begun = await begin(fixture)
  const sub = await finish(begun, await signInWith(begun, 'github'))
  const user = await fixture.storage.users.findById(sub)
  t.like(user, { email: undefined, emailVerified: false, nickname: 'octocat' })
})

test('who cancels at GitHub, and a code that GitHub refuses with status 200, come back to the login page', async (t) => {
  const github = await githubStandIn(t)
  const fixture = await start(t, { env: githubEnv(github) })
  for (const [mood, sentence] of [
    ['denying', /You did not sign in with GitHub/],
    ['refusing', /GitHub did not confirm/],
    ['failing', /GitHub cannot be reached/],
  ] as const) {
    github.mood = mood
    const back = await signInWith(await begin(fixture), 'github')
    t.is(back.status, 200)
    t.regex(back.text, sentence)
  }
})

test('GitHub is asked with PKCE for the addresses', async (t) => {
  const github = await githubStandIn(t)
  const fixture = await start(t, { env: githubEnv(github) })
  const { left } = await press((await begin(fixture)).login, 'github')
  t.is(left!.searchParams.get('scope'), 'read:user user:email')
  t.is(left!.searchParams.get('code_challenge_method'), 'S256')
  t.is(left!.searchParams.get('nonce'), null)
})
