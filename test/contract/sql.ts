/** Every contract, on one of the SQL databases. */
import { createServer, type AddressInfo } from 'node:net'
import type { ExecutionContext, TestFn } from 'ava'
import { openSqlStorage, type SqlStorageOptions } from '#storage/sql/open.ts'
import {
  databaseIsMissing,
  endConnections,
  holdRows,
  openDatabase,
  runStatements,
  type DatabaseKind,
} from '../support/databases.ts'
import { openProxy } from '../support/proxy.ts'
import { administratorsContract } from './administrators.ts'
import { apiKeysContract } from './api-keys.ts'
import { artifactsContract } from './artifacts.ts'
import { wholeBatches } from './artifact-writes.ts'
import { auditContract } from './audit.ts'
import { clientsContract } from './clients.ts'
import { factorsContract } from './factors.ts'
import { hostileIdsContract } from './hostile-ids.ts'
import { identitiesContract } from './identities.ts'
import { limitsContract } from './limits.ts'
import { locksContract } from './locks.ts'
import { mailQueueContract } from './mail-queue.ts'
import { migrationsContract } from './migrations.ts'
import { outagesContract } from './outages.ts'
import { providersContract } from './providers.ts'
import { resourcesContract } from './resources.ts'
import { rolesContract } from './roles.ts'
import { sealedContract } from './sealed.ts'
import { signInsContract } from './sign-ins.ts'
import { silenceContract } from './silence.ts'
import { statisticsContract } from './statistics.ts'
import { signingKeysContract } from './signing-keys.ts'
import { usersContract } from './users.ts'
import { userChangesContract } from './user-changes.ts'
import { userImportsContract } from './user-imports.ts'
import { userListsContract } from './user-lists.ts'

/** Registers every contract's tests; where the server is not installed, one skipped test that says so. */
export function sqlContracts(test: TestFn, kind: DatabaseKind): void {
  const missing = databaseIsMissing[kind]
  if (missing !== undefined) {
    test.skip(missing, (t) => t.pass())
    return
  }
  const open = opener(kind)
  const openArtifacts = async (t: ExecutionContext) => {
    const { storage, beside, now, pass } = await open(t)
    const { artifacts } = storage
    return { artifacts, beside: beside.artifacts, now, pass, expiresByItself: false }
  }
  artifactsContract(test, openArtifacts)
  wholeBatches(test, openArtifacts)
  const openUsers = async (t: ExecutionContext) => {
    const { storage, beside, now, pass } = await open(t)
    return { users: storage.users, beside: beside.users, now, pass }
  }
  usersContract(test, openUsers)
  userListsContract(test, openUsers)
  userImportsContract(test, openUsers)
  administratorsContract(test, openUsers)
  userChangesContract(test, open)
  rolesContract(test, open)
  signInsContract(test, open)
  apiKeysContract(test, open)
  identitiesContract(test, open)
  providersContract(test, open)
  factorsContract(test, open)
  auditContract(test, async (t) => (await open(t)).storage)
  mailQueueContract(test, async (t) => {
    const { storage, beside, now, pass } = await open(t)
    return { mailQueue: storage.mailQueue, beside: beside.mailQueue, now, pass }
  })
  limitsContract(test, async (t) => {
    const { storage, beside, now, pass } = await open(t)
    return { limits: storage.limits, beside: beside.limits, now, pass, expiresByItself: false }
  })
  clientsContract(test, async (t) => {
    const { storage, beside, now, pass } = await open(t)
    return { clients: storage.clients, beside: beside.clients, now, pass }
  })
  resourcesContract(test, async (t) => (await open(t)).storage)
  signingKeysContract(test, async (t) => {
    const { storage, beside } = await open(t)
    return { signingKeys: storage.signingKeys, beside: beside.signingKeys }
  })
  statisticsContract(test, open)
  sealedContract(test, open)
  locksContract(test, open)
  migrationsContract(test, (t) => openEmpty(t, kind))
  hostileIdsContract(test, open)
  statementsContract(test, kind)
  if (kind !== 'sqlite') {
    outagesContract(test, (t) => openForOutages(t, kind))
    silenceContract(test, (t) => openForSilence(t, kind))
  }
}

const limits = { poolMax: 5, acquireTimeoutMs: 20_000, statementTimeoutMs: 20_000 }

/** Opens a storage that is closed when the test ends, before its database is dropped. */
async function openStorage(
  t: ExecutionContext,
  url: string,
  options: Partial<SqlStorageOptions> = {},
) {
  const storage = await openSqlStorage({ ...limits, url, now: Date.now, ...options })
  t.teardown(storage.close)
  return storage
}

/** A migrated database, opened twice, under a clock that stands still. */
const opener = (kind: DatabaseKind) => async (t: ExecutionContext) => {
  const { url } = await openDatabase(t, kind, { tables: 'present' })
  let time = Date.now()
  const now = () => time
  const storage = await openStorage(t, url, { now })
  const beside = await openStorage(t, url, { now })
  await storage.migrate()
  return {
    url,
    storage,
    beside,
    now,
    pass: async (ms: number) => {
      time += ms
    },
  }
}

async function openEmpty(t: ExecutionContext, kind: DatabaseKind) {
  const { url } = await openDatabase(t, kind)
  const open = () => openStorage(t, url)
  const leaveHalfMigrated = async () => {
    await (await open()).migrate()
    // knex's lock is taken, and what did not end is there without the note that it was done.
    await runStatements(kind, url, [
      'UPDATE schema_migrations_lock SET is_locked = 1',
      ...(kind === 'mysql' ? leaveInMysql : leaveElsewhere),
    ])
  }
  return { url, open, leaveHalfMigrated }
}

/** Columns without the indexes that belong to them, an index, a row, a table: half of each migration. */
const leaveInMysql = [
  "DELETE FROM schema_migrations WHERE name >= '0009'",
  'DROP INDEX users_by_erase_at ON users',
  'DROP TABLE providers, recovery_codes, factors, identity_unions, identities, limits, mail_queue, audit_events, api_keys',
]

/** A migration that did not end has left nothing. */
const leaveElsewhere = [
  "DELETE FROM schema_migrations WHERE name >= '0012'",
  'DROP INDEX artifacts_by_account_id',
  'DROP INDEX artifacts_by_model_client_id_consumed_at_expires_at',
  'ALTER TABLE resources DROP COLUMN metadata_claims',
  'ALTER TABLE artifacts DROP COLUMN sign_in_epoch',
  'ALTER TABLE users DROP COLUMN sign_in_epoch',
  ...[
    'daily_users',
    'daily_counts',
    'providers',
    'recovery_codes',
    'factors',
    'identity_unions',
    'identities',
    'limits',
    'mail_queue',
    'audit_events',
    'api_keys',
    'roles',
  ].map((table) => `DROP TABLE ${table}`),
]

async function openForOutages(t: ExecutionContext, kind: 'postgres' | 'mysql') {
  const { url } = await openDatabase(t, kind, { tables: 'present' })
  const storage = await openStorage(t, url)
  await storage.migrate()
  return {
    storage,
    reopen: (changed: Partial<SqlStorageOptions>) => openStorage(t, url, changed),
    async openNowhere() {
      const nowhere = new URL(url)
      nowhere.port = String(await closedPort())
      return openStorage(t, nowhere.href, { acquireTimeoutMs: 2000 })
    },
    endConnections: () => endConnections(kind, url),
    lockArtifacts: () => holdRows(t, kind, { url, table: 'artifacts' }),
  }
}

async function openForSilence(t: ExecutionContext, kind: 'postgres' | 'mysql') {
  const { url } = await openDatabase(t, kind, { tables: 'present' })
  const beside = await openStorage(t, url)
  await beside.migrate()
  const through = new URL(url)
  const proxy = await openProxy(t, Number(through.port))
  through.port = String(proxy.port)
  let listener: (sql: string) => void = () => undefined
  const storage = await openStorage(t, through.href, {
    poolMax: 3,
    acquireTimeoutMs: 2000,
    statementTimeoutMs: 1000,
    onStatement: (sql) => listener(sql),
  })
  const onStatement = (next: typeof listener) => void (listener = next)
  return { storage, proxy, onStatement, beside, words: words[kind] }
}

/** What is sent when connections and locks are made. */
const words = {
  postgres: { settings: 'application_name', lock: 'advisory', unlock: 'COMMIT' },
  mysql: { settings: 'SET SESSION', lock: 'GET_LOCK', unlock: 'RELEASE_LOCK' },
}

/** A port where someone has listened a moment ago, and no one now. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** The store must not become chatty unnoticed: each call costs a round trip to the database. */
function statementsContract(test: TestFn, kind: DatabaseKind): void {
  test('the hot calls send one statement each', async (t) => {
    const { url } = await openDatabase(t, kind)
    const sent: string[] = []
    const storage = await openStorage(t, url, { onStatement: (sql) => sent.push(sql) })
    await storage.migrate()
    t.true(sent.some((sql) => /create table/i.test(sql)))
    const { apiKeys, artifacts, audit, clients, limits, roles, statistics, users } = storage
    // The first call asks what the server can do.
    await limits.hit('a', 1000)
    const calls = [
      () => artifacts.put('Grant', 'a', { payload: '{}' }),
      () => artifacts.put('Grant', 'a', { payload: '{}' }),
      () => artifacts.find('Grant', 'a'),
      () => artifacts.consume('Grant', 'a'),
      () => artifacts.putIfAbsent('Grant', 'b', { payload: '{}' }),
      () => artifacts.findSessionByUid('u'),
      () => artifacts.remove('Grant', 'a'),
      () => artifacts.removeByGrant('g'),
      () => artifacts.removeByClient('c'),
      () => artifacts.countLive('Session'),
      () => statistics.totals([0, 1, 2]),
      () => statistics.backlog(),
      () => clients.find('c'),
      () => users.findById('u'),
      () => users.findByIdentifier('u@example.com'),
      () => users.findPasswordHash('u'),
      () => users.recordLogin('u'),
      () => users.list({ limit: 20 }),
      () => artifacts.listByAccount('Session', 'u'),
      () => artifacts.removeByAccount('u', ['Session', 'AccessToken']),
      () => apiKeys.find('k'),
      () => apiKeys.recordUse('k', 1000),
      () => audit.add([{ id: 'e', at: 0, type: 'a' }]),
      // One where an INSERT can tell what it wrote, as everywhere but in MySQL.
      () => limits.hit('a', 1000),
      () => limits.peek('a'),
      () => limits.release('a'),
      () => roles.list(),
    ]
    for (const call of calls) {
      sent.length = 0
      await call()
      t.is(sent.length, 1, sent.join('; '))
    }
  })
}
