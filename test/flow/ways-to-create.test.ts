import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { AuditEvent } from '#storage/audit.ts'
import { administrator } from '../admin/administrator.ts'
import { yumen } from '../cli/cli.ts'
import { googleEnv, begin, signInWith } from '../federation/journey.ts'
import { apiOf } from '../support/api.ts'
import { createBrowser } from '../support/browser.ts'
import { startExchange, trust } from '../support/exchange.ts'
import { startIssuer } from '../support/issuer.ts'
import { relyingParty } from '../support/relying-party.ts'
import { oidcStandIn } from '../support/stand-ins/oidc.ts'
import { start, type Fixture } from '../support/start.ts'
import { openWechat } from '../support/wechat.ts'

/** Every way in which a user is created, and that the same is known of each: one event, and one in the day's counter. */
type Way = (t: ExecutionContext) => Promise<Fixture>

const email = 'li.hua@example.com'
const password = 'correct horse battery'

const commandLine = async ({ config }: Fixture, ...args: string[]): Promise<void> => {
  const { DATABASE_URL, SECRET_KEY, DATA_DIR } = config
  const env = { NODE_ENV: 'test', DATABASE_URL, SECRET_KEY: SECRET_KEY!, DATA_DIR }
  const { code, err } = await yumen(env, ...args)
  if (code !== 0) throw new Error(err)
}

const ways: Record<string, Way> = {
  async 'POST /auth/register'(t) {
    const fixture = await start(t)
    await apiOf(fixture).call('POST', '/auth/register', { body: { email, password } })
    return fixture
  },
  async 'the registration page'(t) {
    const fixture = await start(t)
    const party = await relyingParty(fixture, await fixture.addClient())
    const { url } = await party.begin({ prompt: 'create' })
    const form = await createBrowser(fixture.issuer).open(url.href)
    await form.submit('/register', { email, password })
    return fixture
  },
  async 'another provider'(t) {
    const google = await oidcStandIn(t)
    const fixture = await start(t, { env: googleEnv(google) })
    google.person = { sub: 'G1', email: 'li.hua@gmail.com', email_verified: true }
    await signInWith(await begin(fixture), 'google')
    return fixture
  },
  async WeChat(t) {
    const { wechat, env } = await openWechat(t)
    const fixture = await start(t, { env })
    const body = { code: wechat.login({ name: 'Li' }) }
    await apiOf(fixture).call('POST', '/auth/wechat-login', { body })
    return fixture
  },
  async 'a foreign token, exchanged'(t) {
    const issuer = await startIssuer(t)
    const fixture = await start(t, { env: trust(t, issuer) })
    await (await startExchange(fixture)).exchange(await issuer.sign({ sub: 'li' }))
    return fixture
  },
  async 'a foreign token, at our API'(t) {
    const issuer = await startIssuer(t)
    const env = trust(t, issuer, { accepted_by_api: true })
    const fixture = await start(t, { env })
    const token = await issuer.sign({ sub: 'li' })
    await apiOf(fixture).call('GET', '/users/me', { token })
    return fixture
  },
  async 'an administrator'(t) {
    const fixture = await administrator(t)
    await fixture.admin('POST', '/admin/users', { email })
    return fixture
  },
  async 'a command'(t) {
    const fixture = await start(t)
    await commandLine(fixture, 'user', 'create', '--email', email)
    return fixture
  },
  async 'an import'(t) {
    const fixture = await start(t)
    const file = join(fixture.config.DATA_DIR, 'people.jsonl')
    await writeFile(file, `${JSON.stringify({ id: 1, email })}\n`)
    await commandLine(fixture, 'user', 'import', file)
    return fixture
  },
  async 'the first start'(t) {
    return start(t, { env: { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } })
  },
}

for (const [name, way] of Object.entries(ways))
  test(`${name}: one user, one event, one in the counter of the day`, async (t) => {
    const fixture = await way(t)
    const { storage, server } = fixture
    await server.services.telemetry.audit.flush()
    const { events } = await storage.audit.list({ type: 'user.registered', limit: 10 })
    // The first start of a server in development creates an administrator, too.
    const isWanted = name === 'the first start' ? isOfSystem : not(isOfSystem)
    const wanted = events.filter(isWanted)
    t.is(wanted.length, 1)
    const [, id = ''] = wanted[0]!.target!.split(':')
    t.truthy(await storage.users.findById(id))
    t.truthy(wanted[0]!.actor)
    const counts = await storage.statistics.list('2000-01-01', '2999-12-31')
    t.is(counts.find((one) => one.name === 'user.registered')?.count, events.length)
  })

const isOfSystem = ({ actor }: AuditEvent): boolean => actor === 'system'
const not = (is: typeof isOfSystem) => (event: AuditEvent) => !is(event)
