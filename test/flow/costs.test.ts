import { readFile } from 'node:fs/promises'
import test, { type ExecutionContext } from 'ava'
import { loadConfig } from '#config/load.ts'
import { sha256 } from '#lib/hashing.ts'
import { newSecret } from '#lib/ids.ts'
import { openSqlStorage } from '#storage/sql/open.ts'
import type { Storage } from '#storage/storage.ts'
import { createLog } from '#telemetry/log.ts'
import { startServer } from '../../src/server.ts'
import { databaseIsMissing, openDatabase, type DatabaseKind } from '../support/databases.ts'
import { relyingParty } from '../support/relying-party.ts'
import { freePort } from '../support/free-port.ts'
import { callback, type Fixture } from '../support/start.ts'
import { operations, type World } from './counted-operations.ts'

/**
 * What an operation asks of the storage: calls of our stores, and statements that reach the database. Both grow
 * unnoticed and are paid at every request, so bench/README.md holds the exact numbers and these tests hold it to them.
 */
interface Costs {
  calls: string[]
  statements: string[]
}

const column = { calls: 0, statements: 1 } as const

test('an operation makes as many storage calls as bench/README.md says', async (t) => {
  await holdTo(t, 'calls', await measure(t, 'sqlite'))
})

test('an operation sends as many SQL statements as bench/README.md says', async (t) => {
  await holdTo(t, 'statements', await measure(t, 'sqlite'))
})

if (databaseIsMissing.postgres) {
  test.skip(`PostgreSQL gets as many statements as SQLite (${databaseIsMissing.postgres})`, () => {})
} else {
  test('PostgreSQL gets as many statements as SQLite', async (t) => {
    await holdTo(t, 'statements', await measure(t, 'postgres'))
  })
}

async function holdTo(
  t: ExecutionContext,
  kind: keyof Costs,
  measured: Map<string, Costs>,
): Promise<void> {
  const promised = await readPromises()
  const broken = [...measured].flatMap(([name, costs]) => {
    const promise = promised.get(name)?.[column[kind]]
    const count = costs[kind].length
    if (promise === count) return []
    if (promise === undefined)
      return [`"${name}" is not in bench/README.md; it has ${count} ${kind}.`]
    const verdict =
      count < promise
        ? 'Lower the number: it got better.'
        : `It grew:\n  ${costs[kind].join('\n  ')}`
    return [`"${name}" has ${count} ${kind}, bench/README.md says ${promise}. ${verdict}`]
  })
  if (broken.length > 0) t.fail(broken.join('\n'))
  else t.true(measured.size > 10)
}

/** The rows of bench/README.md that hold a name and two whole numbers. */
async function readPromises(): Promise<Map<string, [number, number]>> {
  const text = await readFile(new URL('../../bench/README.md', import.meta.url), 'utf8')
  const rows = text.matchAll(/^\| (\S.*?) *\| *(\d+) *\| *(\d+) *\|$/gm)
  return new Map([...rows].map(([, name, calls, sql]) => [name!, [Number(calls), Number(sql)]]))
}

async function measure(t: ExecutionContext, kind: DatabaseKind): Promise<Map<string, Costs>> {
  const seen: Costs = { calls: [], statements: [] }
  const world = await start(t, kind, seen)
  const measured = new Map<string, Costs>()
  for (const [name, prepare] of Object.entries(operations)) {
    const act = await prepare(world)
    seen.calls.length = seen.statements.length = 0
    await act()
    measured.set(name, { calls: [...seen.calls], statements: [...seen.statements] })
  }
  return measured
}

async function start(t: ExecutionContext, kind: DatabaseKind, seen: Costs): Promise<World> {
  const port = await freePort()
  const config = loadConfig({
    NODE_ENV: 'test',
    PORT: String(port),
    ISSUER: `http://localhost:${port}`,
    DATABASE_URL: (await openDatabase(t, kind)).url,
    SECRET_KEY: newSecret(48),
    ARGON2_MEMORY_KIB: '8192',
    ARGON2_TIME_COST: '1',
    KEY_POLL_SECONDS: '3600',
    PROVIDER_POLL_SECONDS: '3600',
  })
  const storage = await openSqlStorage({
    url: config.DATABASE_URL,
    poolMax: config.DATABASE_POOL_MAX,
    acquireTimeoutMs: config.DATABASE_ACQUIRE_TIMEOUT_MS,
    statementTimeoutMs: config.DATABASE_STATEMENT_TIMEOUT_MS,
    now: Date.now,
    onStatement: (sql) => {
      // Audit events and counters are written in batches, and mail is looked for, whatever is asked meanwhile.
      if (!/audit_events|daily_|mail_queue|^(BEGIN|COMMIT)/.test(sql)) seen.statements.push(sql)
    },
  })
  const counted = countCalls(storage, seen.calls)
  const log = createLog('silent')
  const server = await startServer({ config, storage: counted, log, version: 'test' })
  t.teardown(server.stop)

  const account = { email: 'li.hua@example.com', password: newSecret(12) }
  const made = await server.services.accounts.register(account)
  if ('problems' in made) throw new Error(JSON.stringify(made.problems))
  return {
    config,
    person: { ...account, id: made.user.id },
    party: async (metadata = {}) =>
      relyingParty({ issuer: config.ISSUER } as Fixture, await addClient(storage, metadata)),
  }
}

async function addClient(
  storage: Storage,
  metadata: Record<string, unknown>,
): Promise<{ id: string; secret: string }> {
  const id = newSecret(6)
  const secret = newSecret()
  const own = { redirect_uris: [callback], response_types: ['code'], grant_types: grantTypes }
  await storage.clients.put({
    id,
    secretHashes: [sha256(secret)],
    metadata: { ...own, ...metadata },
  })
  return { id, secret }
}

const grantTypes = ['authorization_code', 'refresh_token', 'client_credentials']

/** The storage, with a note of each call of a store. Sweeping is left to another process, so that nothing runs beside. */
function countCalls(storage: Storage, calls: string[]): Storage {
  const watched = <T extends object>(name: string, store: T): T =>
    new Proxy(store, {
      get(target, method) {
        const value: unknown = Reflect.get(target, method)
        if (typeof value !== 'function') return value
        return (...given: unknown[]): unknown => {
          // The model, where there is one; an only argument may be a secret.
          const model = given.length > 1 ? ` ${String(given[0])}` : ''
          calls.push(`${name}.${String(method)}${name === 'artifacts' ? model : ''}`)
          return Reflect.apply(value, target, given)
        }
      },
    })
  return {
    ...storage,
    users: watched('users', storage.users),
    clients: watched('clients', storage.clients),
    resources: watched('resources', storage.resources),
    signingKeys: watched('signingKeys', storage.signingKeys),
    artifacts: watched('artifacts', storage.artifacts),
    roles: watched('roles', storage.roles),
    apiKeys: watched('apiKeys', storage.apiKeys),
    factors: watched('factors', storage.factors),
    limits: watched('limits', storage.limits),
    withLock: async (name, waitMs, work) =>
      name === 'sweep' ? undefined : storage.withLock(name, waitMs, work),
  }
}
