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
import { artifactsContract } from './artifacts.ts'
import { clientsContract } from './clients.ts'
import { locksContract } from './locks.ts'
import { migrationsContract } from './migrations.ts'
import { outagesContract } from './outages.ts'
import { resourcesContract } from './resources.ts'
import { signingKeysContract } from './signing-keys.ts'
import { usersContract } from './users.ts'

/** Registers every contract's tests; where the server is not installed, one skipped test that says so. */
export function sqlContracts(test: TestFn, kind: DatabaseKind): void {
  const missing = databaseIsMissing[kind]
  if (missing !== undefined) {
    test.skip(missing, (t) => t.pass())
    return
  }
  const open = opener(kind)
  artifactsContract(test, async (t) => {
    const { storage, beside, now, pass } = await open(t)
    const { artifacts } = storage
    return { artifacts, beside: beside.artifacts, now, pass, expiresByItself: false }
  })
  usersContract(test, async (t) => {
    const { storage, beside, now, pass } = await open(t)
    return { users: storage.users, beside: beside.users, now, pass }
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
  locksContract(test, open)
  migrationsContract(test, (t) => openEmpty(t, kind))
  statementsContract(test, kind)
  if (kind !== 'sqlite') outagesContract(test, (t) => openForOutages(t, kind))
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
  const { url } = await openDatabase(t, kind)
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
    // The last table is there, without what belongs to it; the note that it was made is not; knex's lock is taken.
    await runStatements(kind, url, [
      "DELETE FROM schema_migrations WHERE name >= '0002'",
      'UPDATE schema_migrations_lock SET is_locked = 1',
      ...['artifacts', 'revisions', 'signing_keys', 'resources', 'clients', 'user_roles'].map(
        (table) => `DROP TABLE ${table}`,
      ),
      // Elsewhere a migration that did not end leaves no table.
      ...(kind === 'mysql' ? [] : ['DROP TABLE passwords']),
    ])
  }
  return { url, open, leaveHalfMigrated }
}

async function openForOutages(t: ExecutionContext, kind: 'postgres' | 'mysql') {
  const { url } = await openDatabase(t, kind)
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

/** A port where somebody has listened a moment ago, and nobody now. */
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
    const { artifacts, clients, users } = storage
    const calls = [
      () => artifacts.put('Grant', 'a', { payload: '{}' }),
      () => artifacts.put('Grant', 'a', { payload: '{}' }),
      () => artifacts.find('Grant', 'a'),
      () => artifacts.consume('Grant', 'a'),
      () => artifacts.putIfAbsent('Grant', 'b', { payload: '{}' }),
      () => artifacts.findSessionByUid('u'),
      () => artifacts.remove('Grant', 'a'),
      () => artifacts.removeByGrant('g'),
      () => clients.find('c'),
      () => users.findById('u'),
      () => users.findByIdentifier('u@example.com'),
      () => users.findPasswordHash('u'),
      () => users.recordLogin('u'),
    ]
    for (const call of calls) {
      sent.length = 0
      await call()
      t.is(sent.length, 1, sent.join('; '))
    }
  })
}
