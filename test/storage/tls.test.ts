import test, { type ExecutionContext } from 'ava'
import { openRedisArtifacts } from '#storage/redis/open.ts'
import { openSqlStorage } from '#storage/sql/open.ts'
import { createAuthority } from '../support/certificates.ts'
import { databaseIsMissing } from '../support/databases.ts'
import { redisIsMissing } from '../support/redis.ts'
import { startMysql } from '../support/servers/mysql.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import { startRedis } from '../support/servers/redis.ts'
import type { RunningServer } from '../support/servers/server-process.ts'

/** Each with a server of its own, whose certificate is for "localhost" unless said otherwise. */
const sqlLimits = {
  poolMax: 2,
  acquireTimeoutMs: 20_000,
  statementTimeoutMs: 20_000,
  now: Date.now,
}

async function own(
  t: ExecutionContext,
  starting: Promise<RunningServer | undefined>,
): Promise<URL> {
  const server = (await starting)!
  t.teardown(() => server.stop())
  const url = new URL(server.url)
  url.hostname = 'localhost'
  return url
}

/** What the pool and the lock connections say; both connect. */
async function stateOfDatabase(t: ExecutionContext, url: string, caFile?: string): Promise<string> {
  const storage = await openSqlStorage({ ...sqlLimits, url, caFile })
  t.teardown(storage.close)
  const lock = await storage.withLock('a', 0, async () => 'ok').catch(() => 'unreachable')
  const { database } = await storage.check()
  return lock === database ? database : `lock: ${lock}, pool: ${database}`
}

const withParameter = (url: URL, name: string, value: string, hostname = 'localhost'): string => {
  const changed = new URL(url)
  changed.hostname = hostname
  changed.searchParams.set(name, value)
  return changed.href
}

const ours = await createAuthority()
const stranger = await createAuthority()
if (databaseIsMissing.postgres) test.skip(databaseIsMissing.postgres, () => {})
else {
  test('PostgreSQL is reached with TLS when its certificate and its name can be verified, and not otherwise', async (t) => {
    const url = await own(t, startPostgres({ tls: await ours.certify('localhost') }))
    for (const mode of ['require', 'verify-ca', 'verify-full']) {
      const asked = withParameter(url, 'sslmode', mode)
      t.is(await stateOfDatabase(t, asked, ours.caFile), 'ok', mode)
      t.is(await stateOfDatabase(t, asked, stranger.caFile), 'unreachable', mode)
      t.is(await stateOfDatabase(t, asked), 'unreachable', mode)
      const elsewhere = withParameter(url, 'sslmode', mode, '127.0.0.1')
      t.is(await stateOfDatabase(t, elsewhere, ours.caFile), 'unreachable', mode)
    }
  })

  test('a PostgreSQL without TLS is not reached where TLS was asked for', async (t) => {
    const url = new URL(process.env['TEST_POSTGRES_URL']!)
    t.is(await stateOfDatabase(t, withParameter(url, 'sslmode', 'disable')), 'ok')
    const asked = withParameter(url, 'sslmode', 'require')
    t.is(await stateOfDatabase(t, asked, ours.caFile), 'unreachable')
  })
}

if (databaseIsMissing.mysql) test.skip(databaseIsMissing.mysql, () => {})
else {
  // Serial: two installations at once get in each other's way.
  test.serial(
    'MariaDB is reached with TLS when its certificate and its name can be verified, and not otherwise',
    async (t) => {
      const url = await own(t, startMysql({ tls: await ours.certify('localhost') }))
      for (const [name, value] of [
        ['ssl', 'true'],
        ['ssl-mode', 'REQUIRED'],
      ] as const) {
        const asked = withParameter(url, name, value)
        t.is(await stateOfDatabase(t, asked, ours.caFile), 'ok', value)
        t.is(await stateOfDatabase(t, asked, stranger.caFile), 'unreachable', value)
        t.is(await stateOfDatabase(t, asked), 'unreachable', value)
      }
      const address = withParameter(url, 'ssl', 'true', '127.0.0.1')
      await t.throwsAsync(stateOfDatabase(t, address, ours.caFile), {
        message: /a name for a host/,
      })
    },
  )

  test.serial('a MariaDB with the certificate of another host is not reached', async (t) => {
    const url = await own(t, startMysql({ tls: await ours.certify('db.example.com') }))
    const asked = withParameter(url, 'ssl', 'true')
    t.is(await stateOfDatabase(t, asked, ours.caFile), 'unreachable')
  })

  test('a MariaDB without TLS is not reached where TLS was asked for', async (t) => {
    const url = new URL(process.env['TEST_MYSQL_URL']!)
    t.is(await stateOfDatabase(t, withParameter(url, 'ssl', 'false')), 'ok')
    const asked = withParameter(url, 'ssl', 'true')
    t.is(await stateOfDatabase(t, asked, ours.caFile), 'unreachable')
  })
}

if (!process.env['TEST_REDIS_URL']) test.skip(redisIsMissing, () => {})
else {
  for (const cluster of [false, true])
    test(`${cluster ? 'a Redis Cluster' : 'Redis'} is reached with TLS when its certificate and its name can be verified, and not otherwise`, async (t) => {
      const url = await own(t, startRedis({ tls: await ours.certify('localhost'), cluster }))
      if (cluster) url.href = url.href.replace('rediss:', 'rediss-cluster:')
      const stateOf = async (hostname: string, caFile?: string) => {
        const host = `${url.protocol}//${hostname}:${url.port}`
        const options = { url: host, caFile, prefix: 'a:', now: Date.now, commandTimeoutMs: 3000 }
        const redis = await openRedisArtifacts(options)
        t.teardown(redis.close)
        return redis.check()
      }
      t.is(await stateOf('localhost', ours.caFile), 'ok')
      t.is(await stateOf('localhost', stranger.caFile), 'unreachable')
      t.is(await stateOf('localhost'), 'unreachable')
      t.is(await stateOf('127.0.0.1', ours.caFile), 'unreachable')
    })
}
