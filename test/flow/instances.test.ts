import test, { type ExecutionContext } from 'ava'
import * as oidc from 'openid-client'
import { pino } from 'pino'
import { loadConfig } from '#config/load.ts'
import { newSecret } from '#lib/ids.ts'
import { startServer, type RunningServer } from '../../src/server.ts'
import { openStorage } from '#compose/storage.ts'
import { openDatabase } from '../support/databases.ts'
import { createBrowser, relyingParty, signIn } from '../support/relying-party.ts'
import { start } from '../support/start.ts'
import { onStorages, storages } from '../support/storages.ts'
import { balancer } from './instances.ts'
import { offline } from './journeys.ts'

onStorages(
  'a journey whose every step meets another instance works like one with a single instance',
  async (t, begin) => {
    const { address, spreadOver, counts } = await balancer(t)
    const env = { ISSUER: address }
    const fixture = await begin({ env })
    const beside = await start(t, { beside: fixture, env })
    spreadOver([fixture.server.port, beside.server.port])

    const person = await fixture.addUser()
    const goodbye = 'http://client.example/goodbye'
    const client = await beside.addClient({ post_logout_redirect_uris: [goodbye] })
    const party = await relyingParty(fixture, client)
    const pending = await party.begin({ ...offline, scope: 'openid email offline_access' })
    const browser = createBrowser(address)
    const consent = await signIn(await browser.open(pending.url.href), person)
    const { left } = await consent.submit('/consent')
    const tokens = await pending.redeem(left!)
    const next = await oidc.refreshTokenGrant(party.config, tokens.refresh_token!)
    await oidc.fetchUserInfo(party.config, next.access_token, person.id)
    const seen = await oidc.tokenIntrospection(party.config, next.access_token)
    t.true(seen.active)
    const silent = await browser.open(
      (await party.begin({ scope: 'openid', prompt: 'none' })).url.href,
    )
    t.truthy(silent.left?.searchParams.get('code'))

    const page = await browser.open(
      oidc.buildEndSessionUrl(party.config, {
        id_token_hint: next.id_token!,
        post_logout_redirect_uri: goodbye,
      }).href,
    )
    t.is((await page.submit('op.logoutForm', { logout: 'yes' })).left?.href, goodbye)
    t.true(
      [...counts.values()].every((count) => count >= 8),
      JSON.stringify([...counts]),
    )
  },
)

for (const { name, missing, database, redis } of storages) {
  const title = `${name}: ten instances that start at once on an empty database all become ready`
  if (missing) test.skip(`${title} (needs ${missing})`, () => {})
  else
    test(title, async (t) => {
      const servers = await startTogether(t, 10, {
        DATABASE_URL: (await openDatabase(t, database!)).url,
        ...(redis
          ? { REDIS_URL: process.env['TEST_REDIS_URL']!, REDIS_PREFIX: `t-${newSecret(6)}:` }
          : {}),
      })
      const answers = await Promise.all(
        servers.map(async ({ port }) => {
          const ready = await fetch(`http://localhost:${port}/health/ready`)
          const jwks = await fetch(`http://localhost:${port}/oauth/jwks`)
          return { status: ready.status, jwks: await jwks.text() }
        }),
      )
      t.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
      t.is(new Set(answers.map(({ jwks }) => jwks)).size, 1)
      const made = servers.filter(({ administrator }) => administrator)
      t.is(made.length, 1, 'exactly one has made the administrator')
      t.like(made[0]!.administrator, { email: 'admin@example.com' })
    })
}

async function startTogether(
  t: ExecutionContext,
  count: number,
  env: Record<string, string>,
): Promise<RunningServer[]> {
  const config = loadConfig({
    NODE_ENV: 'test',
    PORT: '0',
    ISSUER: 'http://localhost:3000',
    SECRET_KEY: newSecret(48),
    DATABASE_POOL_MAX: '2',
    ARGON2_MEMORY_KIB: '8192',
    ARGON2_TIME_COST: '1',
    ...env,
  })
  const log = pino({ level: 'silent' })
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const storage = await openStorage(config)
      return startServer({ config, storage, log, version: 'test' })
    }),
  )
  t.teardown(() => Promise.all(servers.map((server) => server.stop())))
  return servers
}
