import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { loadConfig, type Config } from '#config/load.ts'
import { systemClock, type Clock } from '#lib/clock.ts'
import { sha256 } from '#lib/hashing.ts'
import { newId, newSecret } from '#lib/ids.ts'
import type { Client } from '#storage/clients.ts'
import type { Storage } from '#storage/storage.ts'
import type { NewUser } from '#storage/users.ts'
import { createLog } from '#telemetry/log.ts'
import { startServer, type RunningServer } from '../../src/server.ts'
import { openStorage } from '#compose/storage.ts'
import { freePort } from './free-port.ts'
import { openDatabase, type DatabaseKind } from './databases.ts'
import { giveSigningKeys, secretKey } from './signing-keys.ts'

/** A whole server in this process, on a free port, with a database of its own; gone at the end of the test. */
export interface Fixture {
  issuer: string
  config: Config
  server: RunningServer
  storage: Storage
  /** Every log line so far. */
  logLines: string[]
  /** Registers a client; a confidential one gets a secret unless `token_endpoint_auth_method` is `none`. */
  addClient(metadata?: Record<string, unknown>): Promise<{ id: string; secret: string | undefined }>
  addUser(overrides?: NewPerson): Promise<Person>
}

export interface Person {
  email: string
  password: string
  id: string
}

type NewPerson = Partial<
  Pick<Person, 'email' | 'password'> & Pick<NewUser, 'username' | 'nickname' | 'locale' | 'roles'>
>

export interface StartOptions {
  database?: DatabaseKind
  redis?: boolean
  env?: Record<string, string>
  /** The path of the issuer, such as `/sso`. */
  path?: string
  /** Shares the storage and the clock of another fixture: a second instance beside it. */
  beside?: Fixture
  /** The clock of the server and its storage. oidc-provider reads Date.now, so what it judges itself has the machine's. */
  now?: Clock
}

/** What `start` needs of a test. */
type Teardown = Pick<ExecutionContext, 'teardown'>

/** What a second instance takes over. */
type Started = Fixture & { env: Record<string, string>; now: Clock }

/** The address that test clients are sent back to; nothing listens there. */
export const callback = 'http://client.example/callback'

export async function start(t: Teardown, options: StartOptions = {}): Promise<Fixture> {
  const notices = watchNotices()
  const port = await freePort()
  const first = options.beside as Started | undefined
  const env = first
    ? { ...first.env, PORT: String(port) }
    : await freshEnvironment(t, options, port)
  const now = options.now ?? first?.now ?? systemClock
  const config = loadConfig({ ...env, ...options.env })
  const storage = await openStorage(config, undefined, now)
  if (!first) {
    await storage.migrate()
    await giveSigningKeys(storage)
  }
  const logLines: string[] = []
  const log = createLog('debug', { write: (line) => void logLines.push(line) })
  const server = await startServer({ config, storage, log, version: 'test', now }).catch(
    async (error: unknown) => {
      await storage.close()
      throw error
    },
  )
  t.teardown(async () => {
    await server.stop()
    if (notices().length > 0) throw new Error(`the engine printed: ${notices().join('\n')}`)
  })
  const fixture = { issuer: config.ISSUER, config, server, storage, logLines, env, now }
  return {
    ...fixture,
    addClient: (metadata) => addClient(storage, metadata),
    addUser: (who) => addUser(server, storage, who),
  }
}

async function freshEnvironment(
  t: Teardown,
  options: StartOptions,
  port: number,
): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'yumen-'))
  const database = await openDatabase(t, options.database ?? 'sqlite', { tables: 'present' })
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return {
    NODE_ENV: 'test',
    PORT: String(port),
    ISSUER: `http://localhost:${port}${options.path ?? ''}`,
    DATA_DIR: folder,
    DATABASE_URL: database.url,
    SECRET_KEY: secretKey,
    ARGON2_MEMORY_KIB: '8192',
    ARGON2_TIME_COST: '1',
    // Tests come from one address, and many at once.
    REQUESTS_PER_MINUTE: '0',
    REQUESTS_PER_HOUR: '0',
    // A machine that runs many servers at once is slow, not broken.
    DATABASE_ACQUIRE_TIMEOUT_MS: '30000',
    REDIS_COMMAND_TIMEOUT_MS: '20000',
    ...(options.redis
      ? { REDIS_URL: process.env['TEST_REDIS_URL']!, REDIS_PREFIX: `t-${newSecret(6)}:` }
      : {}),
  }
}

async function addClient(storage: Storage, metadata: Record<string, unknown> = {}) {
  const id = `client-${newSecret(6)}`
  const secret = metadata['token_endpoint_auth_method'] === 'none' ? undefined : newSecret()
  const client: Pick<Client, 'id' | 'metadata' | 'secretHashes'> = {
    id,
    secretHashes: secret === undefined ? [] : [sha256(secret)],
    metadata: {
      client_name: 'Acme Notes',
      redirect_uris: [callback],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      ...metadata,
    },
  }
  await storage.clients.put(client)
  return { id, secret }
}

/** Past the rules for passwords: judging one loads lists that take longer than most tests. */
async function addUser(
  { services }: RunningServer,
  storage: Storage,
  { password = newSecret(12), ...rest }: NewPerson = {},
): Promise<Person> {
  const person = { email: `${newSecret(6)}@example.com`, ...rest }
  const passwordHash = await services.accounts.passwords.hash(password)
  const { id } = await storage.users.create({ id: newId(), ...person, passwordHash })
  return { ...person, password, id }
}

/** What the engine says on the console when it runs on a default of its own. */
function watchNotices(): () => string[] {
  const seen = (globalThis as { engineNotices?: string[] }).engineNotices ?? []
  if (!(globalThis as { engineNotices?: string[] }).engineNotices) {
    ;(globalThis as { engineNotices?: string[] }).engineNotices = seen
    for (const method of ['info', 'warn', 'error', 'log'] as const) {
      const original = console[method].bind(console)
      console[method] = (...words: unknown[]) => {
        const line = words.map(String).join(' ')
        if (/oidc-provider (WARNING|NOTICE)/.test(line)) seen.push(line)
        else original(...words)
      }
    }
  }
  return () => seen
}
