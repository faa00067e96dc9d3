import { newId, newSecret } from '#lib/ids.ts'
import { apiOf } from '../support/api.ts'
import { createBrowser } from '../support/browser.ts'
import { codeIn } from '../support/codes.ts'
import { oidcStandIn, type OidcStandIn } from '../support/stand-ins/oidc.ts'
import { begin, finish, googleEnv, signInWith } from '../federation/journey.ts'
import { storages } from '../support/trials.ts'
import type { Program } from './program.ts'
import { administrator } from './resurrect.ts'
import { openStage, type Stage } from './stage.ts'
import { steal, whatWorks, type Stolen } from './thief.ts'

/** What an attacker has made of an account under an address that is not theirs. */
interface Trap extends Stolen {
  /** An account at Google that is not the victim's. */
  identity: string
  /** Of the change to an address of the attacker, which was begun before. */
  changeCode: string
}

interface Scene extends Stage {
  google: OidcStandIn
  boss: string
}

/** How the owner of the address takes the account over. */
interface Way {
  name: string
  /** What is meant to stay. */
  stays?: string[]
  run(scene: Scene, trap: Trap): Promise<unknown>
}

const tokenIn = ({ text }: { text: string }): string => /token=([\w-]+)/.exec(text)?.[1] ?? ''

async function reset({ fixture, inbox }: Stage, { person }: Trap): Promise<void> {
  const token = tokenIn(await inbox.waitFor(/new .*password/i, person.email))
  const body = { token, password: newSecret() }
  const { status } = await apiOf(fixture).call('POST', '/auth/reset-password', { body })
  if (status !== 200) throw new Error(`the reset was refused: ${status}`)
}

/** The mail that asks to confirm the address. */
async function confirmation({ fixture, inbox }: Stage, { person }: Trap) {
  const { email } = person
  await apiOf(fixture).call('POST', '/auth/request-verify', { body: { email } })
  return inbox.waitFor(/^Your code is/, email)
}

async function openLink(scene: Stage, trap: Trap, fields: Record<string, string>): Promise<void> {
  const { issuer } = scene.fixture
  const token = tokenIn(await confirmation(scene, trap))
  const page = await createBrowser(issuer).open(`${issuer}/verify-email?token=${token}`)
  const done = await page.submit('/verify-email', fields)
  if (done.status !== 200) throw new Error(`the link was refused: ${done.text}`)
}

const ways: Way[] = [
  {
    name: 'reset by mail',
    async run(scene, trap) {
      const { email } = trap.person
      await apiOf(scene.fixture).call('POST', '/auth/forgot-password', { body: { email } })
      return reset(scene, trap)
    },
  },
  {
    name: 'reset by mail that an administrator sent',
    async run(scene, trap) {
      const path = `/admin/users/${trap.person.id}/reset-password`
      await apiOf(scene.fixture).call('POST', path, { token: scene.boss, body: {} })
      return reset(scene, trap)
    },
  },
  {
    name: 'password set by an administrator',
    run({ fixture, boss: token }, { person }) {
      const body = { password: newSecret() }
      const path = `/admin/users/${person.id}/reset-password`
      return apiOf(fixture).call('POST', path, { token, body })
    },
  },
  {
    name: 'trusted provider',
    async run({ fixture, google }, { person }) {
      google.person = { sub: newSecret(), email: person.email, email_verified: true, name: 'V' }
      const begun = await begin(fixture)
      await finish(begun, await signInWith(begun, 'google'))
    },
  },
  {
    name: 'confirmation link in another browser',
    // Its owner is told to change it: anyone who confirms an address may know the password.
    stays: ['password'],
    run: (scene, trap) => openLink(scene, trap, {}),
  },
  {
    name: 'confirmation code without a sign-in',
    stays: ['password'],
    async run(scene, trap) {
      const code = codeIn(await confirmation(scene, trap))
      const body = { email: trap.person.email, code }
      return apiOf(scene.fixture).call('POST', '/auth/verify-email', { body })
    },
  },
  {
    name: '“this was not me”',
    // The address goes; an account that has another way to sign in is the attacker's own from then on.
    stays: ['identity', 'second factor'],
    run: (scene, trap) => openLink(scene, trap, { not_me: 'yes' }),
  },
]

/** With a second factor the rest is hard to use, also for the attacker; so it is tried with one and without. */
async function setTrap({ fixture, inbox }: Stage, hasFactor: boolean): Promise<Trap> {
  const stolen = await steal(fixture, { email: `${newSecret(9)}@gmail.com`.toLowerCase() })
  const { person, ownerToken: token } = stolen
  const identity = newSecret()
  const theirs = { provider: 'google', appId: 'attacker', subject: identity, profile: {} }
  await fixture.storage.identities.link(person.id, theirs)
  const address = `attacker-${newSecret(9)}@example.com`.toLowerCase()
  const body = { email: address, current_password: person.password }
  await apiOf(fixture).call('POST', '/users/me/email', { token, body })
  const changeCode = codeIn(await inbox.waitFor(/^Your code is/, address))
  const factor = { id: newId(), userId: person.id, key: newSecret(), name: '', data: '{}' }
  if (hasFactor) await fixture.storage.factors.add({ ...factor, kind: 'totp', counter: 0 })
  return { ...stolen, identity, changeCode }
}

/** What of the trap still works. */
async function remains(trap: Trap, doors: string[]): Promise<string[]> {
  const { fixture, person, identity, changeCode, ownerToken: token } = trap
  const { storage } = fixture
  const { call } = apiOf(fixture)
  const found: string[] = []
  // First what needs no sign-in that the others would end.
  if (await storage.factors.anyOfUser(person.id)) found.push('second factor')
  const theirs = { provider: 'google', appId: 'attacker', subject: identity }
  if ((await storage.identities.find(theirs))?.userId === person.id) found.push('identity')
  if ((await call('GET', '/users/me', { token })).status === 200) found.push('JWT access token')
  const { email, password } = person
  const login = await call('POST', '/auth/login', { body: { email, password } })
  if (login.status !== 401) found.push('password')
  found.push(...(await whatWorks(trap, doors)))
  const body = { code: changeCode }
  const { status } = await call('POST', '/users/me/email/confirm', { token, body })
  if (status === 200) found.push('change of the address')
  return found
}

/** "Pre-hijacked accounts" (Sudhodanan and Paverd, USENIX Security 2022). */
export const preHijack: Program = {
  name: 'pre-hijack',
  title: 'what was set up under an unconfirmed address is worth nothing to whoever did it',
  storages,
  limitMs: 300_000,
  async run(trial) {
    const google = await oidcStandIn(trial.t)
    const stage = await openStage(trial, googleEnv(google))
    const scene: Scene = { ...stage, google, boss: await administrator(stage.fixture) }
    const control = await remains(await setTrap(stage, false), stage.doors)
    const lacking = control.length < 11 ? [`only ${control.join(', ')} worked before`] : []
    trial.report.row({ attack: 'control: all of it works before', tried: 1, against: lacking })
    for (const { name, stays = [], run } of ways) {
      const against: string[] = []
      for (const hasFactor of [false, true]) {
        const trap = await setTrap(stage, hasFactor)
        await run(scene, trap)
        const left = await remains(trap, stage.doors)
        against.push(...left.filter((one) => !stays.includes(one)))
      }
      const attack = `account taken over by: ${name}`
      trial.report.row({ attack, tried: 2 * control.length, against })
    }
    trial.report.row({
      attack: 'provider that verifies no address',
      tried: 1,
      against: await nonVerifying(scene),
    })
  },
}

/** An account made through a provider with an address that no one has verified is not the victim's. */
async function nonVerifying({ fixture, google }: Scene): Promise<string[]> {
  const email = `${newSecret(9)}@gmail.com`.toLowerCase()
  google.person = { sub: newSecret(), email, email_verified: false, name: 'Attacker' }
  const begun = await begin(fixture)
  const asked = await signInWith(begun, 'google')
  const attacker = await finish(begun, await asked.submit('/link', { choice: 'new' }))
  const api = apiOf(fixture)
  const victim = { email, password: newSecret() }
  const { status } = await api.call('POST', '/auth/register', { body: victim })
  const { user } = await api.login(victim)
  if (status !== 201) return [`the victim could not register: ${status}`]
  return user.id === attacker ? ['the victim got the account of the attacker'] : []
}
