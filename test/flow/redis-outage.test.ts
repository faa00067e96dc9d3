import test, { type ExecutionContext } from 'ava'
import * as oidc from 'openid-client'
import { apiOf } from '../support/api.ts'
import { openInbox } from '../support/inbox.ts'
import { ownRedis, redisIsMissing } from '../support/redis.ts'
import { createBrowser } from '../support/relying-party.ts'
import { startRedis } from '../support/servers/redis.ts'
import { start, type StartOptions } from '../support/start.ts'
import { until } from './instances.ts'
import { offline, post, signedIn } from './journeys.ts'

/** What a server is when its Redis is away: design.md, "Data". */
const whenThereIsRedis = (title: string, run: (t: ExecutionContext) => Promise<void>): void => {
  if (process.env['TEST_REDIS_URL']) test(title, run)
  else test.skip(`${title} (${redisIsMissing})`, () => {})
}

const begin = async (
  t: ExecutionContext,
  { env = {}, ...options }: Pick<StartOptions, 'env' | 'now'> = {},
) => {
  const redis = await ownRedis(t)
  const settings = { REDIS_URL: redis.url, REDIS_COMMAND_TIMEOUT_MS: '500', ...env }
  const fixture = await start(t, { ...options, env: settings })
  const isReady = async () => (await fetch(`${fixture.issuer}/health/ready`)).status === 200
  const revive = async (): Promise<void> => {
    const revived = await startRedis({ port: Number(new URL(redis.url).port) })
    t.teardown(() => revived!.stop())
    await until(isReady)
  }
  return { fixture, redis, revive }
}

whenThereIsRedis(
  'without Redis a server says so, and keys, metadata and the refresh of JWTs go on',
  async (t) => {
    const { fixture, redis } = await begin(t)
    const { issuer } = fixture
    const { party, tokens } = await signedIn(fixture, {
      client: { default_resource: fixture.config.API_RESOURCE },
      request: { ...offline, scope: 'openid offline_access account:read' },
    })
    await redis.stop()

    const ready = await fetch(`${issuer}/health/ready`)
    t.is(ready.status, 503)
    t.like(await ready.json(), {
      status: 'unavailable',
      parts: { database: true, redis: false, keys: true, migrations: true },
      reasons: { redis: 'unreachable' },
    })
    for (const path of ['health/live', 'oauth/jwks', '.well-known/openid-configuration'])
      t.is((await fetch(`${issuer}/${path}`)).status, 200, path)
    const next = await oidc.refreshTokenGrant(party.config, tokens.refresh_token!)
    t.regex(next.access_token, /^eyJ/)
    const again = await oidc.refreshTokenGrant(party.config, tokens.refresh_token!)
    t.is(again.refresh_token, next.refresh_token)
  },
)

whenThereIsRedis(
  'what needs Redis is 503 with Retry-After while it is away, and works when it is back',
  async (t) => {
    const { fixture, redis, revive } = await begin(t)
    const { issuer } = fixture
    const { browser, client, party, tokens } = await signedIn(fixture)
    const { url } = await party.begin()
    const open = await createBrowser(issuer).open(url.href)
    await redis.stop()

    const pages = [
      await browser.open(url.href),
      await open.submit('/login', { identifier: 'x', password: 'y' }),
    ]
    for (const page of pages) {
      t.is(page.status, 503)
      t.is(page.headers.get('retry-after'), '5')
      t.notRegex(page.html, /redis|ECONNREFUSED/i)
    }
    const answers = [
      await fetch(`${issuer}/oauth/userinfo`, {
        headers: { authorization: `Bearer ${tokens.access_token}` },
      }),
      await post(`${issuer}/oauth/introspect`, client, { token: tokens.access_token }),
    ]
    for (const answer of answers) {
      t.is(answer.status, 503)
      t.is(answer.headers.get('retry-after'), '5')
      t.like(await answer.json(), { status: 503, code: 'busy' })
    }

    await revive()
    const login = await createBrowser(issuer).open(url.href)
    t.truthy(login.root.querySelector('[name=password]'))
  },
)

whenThereIsRedis(
  'a refresh that fails for want of Redis costs nobody the grant, however late the next try',
  async (t) => {
    const clock = { now: Date.now() }
    const { fixture, redis, revive } = await begin(t, { now: () => clock.now })
    const { client, party, tokens } = await signedIn(fixture, { request: offline })
    await redis.stop()
    const body = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token! }
    for (let i = 0; i < 2; i += 1) {
      const response = await post(`${fixture.issuer}/oauth/token`, client, body)
      t.is(response.status, 503)
      t.is(response.headers.get('retry-after'), '5')
    }
    await revive()
    clock.now += fixture.config.REFRESH_GRACE_SECONDS * 1000
    const next = await oidc.refreshTokenGrant(party.config, tokens.refresh_token!)
    t.truthy((await oidc.refreshTokenGrant(party.config, next.refresh_token!)).access_token)
  },
)

whenThereIsRedis(
  'who registers while Redis is away gets the mail when it is back, and a taken address is not told',
  async (t) => {
    const inbox = await openInbox(t)
    const clock = { now: Date.now() }
    const env = { SMTP_URL: inbox.url }
    const { fixture, redis, revive } = await begin(t, { env, now: () => clock.now })
    const { email: taken } = await fixture.addUser()
    const api = apiOf(fixture)
    await redis.stop()
    const addresses = [taken, ...Array.from({ length: 5 }, (_, n) => `new-${n}@example.com`)]
    const answers = await Promise.all(
      addresses.map(async (email) => {
        const body = { email, password: 'a fine long pass phrase' }
        const answer = await api.call('POST', '/auth/register', { body })
        return JSON.stringify([answer.status, answer.body]).replaceAll(email, 'address')
      }),
    )
    t.deepEqual(new Set(answers).size, 1, answers.join())
    t.regex(answers[0]!, /^\[201,/)
    const forgot = await api.call('POST', '/auth/forgot-password', { body: { email: taken } })
    t.is(forgot.status, 202)

    await revive()
    // The pause before the next try.
    clock.now += 10_000
    await until(async () => inbox.received.length === addresses.length + 1)
    t.is(inbox.received.filter(({ to }) => to[0] === taken).length, 2)
    const reached = new Set(inbox.received.flatMap(({ to }) => to))
    t.deepEqual([...reached].toSorted(), addresses.toSorted())
  },
)

whenThereIsRedis('with request limits nothing is registered while Redis is away', async (t) => {
  const { fixture, redis } = await begin(t, { env: { REQUESTS_PER_MINUTE: '60' } })
  await redis.stop()
  const email = 'new@example.com'
  const body = { email, password: 'a fine long pass phrase' }
  t.is((await apiOf(fixture).call('POST', '/auth/register', { body })).status, 503)
  t.is(await fixture.storage.users.findByIdentifier(email), undefined)
})
