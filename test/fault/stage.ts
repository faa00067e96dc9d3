import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { newSecret } from '#lib/ids.ts'
import { folderFor, startYumen, untilReady, type YumenProcess } from '../flow/process.ts'
import { openDatabase, type DatabaseKind } from '../support/databases.ts'
import { freePort } from '../support/free-port.ts'
import { openInbox, type Inbox } from '../support/inbox.ts'
import type { StorageName, Teardown } from '../support/trials.ts'
import { createLedger } from './ledger.ts'
import type { World } from './load/world.ts'
import { waitedMs } from './processor.ts'
import { createVisitor, type Visitor } from './visitor.ts'

/** A server that can be started again and again on one database, at one address. */
export interface Stage {
  storage: StorageName
  origin: string
  env: Record<string, string>
  inbox: Inbox
  clock: Clock
  /** Starts the server and waits until it is ready. */
  start(env?: Record<string, string>): Promise<Server>
  /** How long we and the newest server have waited for a processor, all in all; see `processor.ts`. */
  waited(): number
  visitor(): Visitor
  /** People with a new visitor, whose promises go into the ledger. */
  world(given: Pick<World, 'go' | 'isOver'>): World
  /** An administrator's access token. */
  administrator(visitor: Visitor): Promise<string>
}

export interface Server extends YumenProcess {
  /** From the start of the process until it was ready, less the time that it waited for a processor. */
  readyMs: number
  kill(): Promise<void>
}

/** How far the server's clock is ahead of ours. */
export interface Clock {
  offset(): number
  /** Resolves when the server has the new time. */
  pass(ms: number): Promise<void>
}

export interface StageOptions {
  storage: StorageName
  /** In the place of a new database of its own on the shared server. */
  databaseUrl?: string
  redisUrl?: string
  env?: Record<string, string>
}

/** The default settings: five seconds for a connection to the database, ten for a statement. */
export const requestLimitMs = 15_000

/** Long, so that a slow machine does not take a client that comes back for a thief; the clock is moved past it. */
export const graceSeconds = 60

const callback = 'http://client.example/callback'
const root = { email: 'root@example.com', password: newSecret(12) }

export async function openStage(t: Teardown, options: StageOptions): Promise<Stage> {
  const { storage } = options
  const folder = await folderFor(t)
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const inbox = await openInbox(t)
  const client = { id: 'notes', secret: newSecret() }
  const clock = createClock(join(folder, 'clock'))
  const kind = storage.replace('+redis', '') as DatabaseKind
  const env: Record<string, string> = {
    NODE_ENV: 'test',
    NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, 'shifted-clock.ts')).href}`,
    FAULT_CLOCK: join(folder, 'clock'),
    PORT: String(port),
    ISSUER: origin,
    DATA_DIR: folder,
    DATABASE_URL: options.databaseUrl ?? (await openDatabase(t, kind)).url,
    SECRET_KEY: newSecret(48),
    SMTP_URL: inbox.url,
    CONFIG_FILE: declare(folder, client),
    ADMIN_EMAIL: root.email,
    ADMIN_PASSWORD: root.password,
    REFRESH_GRACE_SECONDS: String(graceSeconds),
    // The judge of passwords takes longer to load than the rest of the server.
    PASSWORD_MIN_STRENGTH: '0',
    // All people of the load come from one address.
    ...unlimited,
    ...(storage.endsWith('+redis')
      ? {
          REDIS_URL: options.redisUrl ?? process.env['TEST_REDIS_URL']!,
          REDIS_PREFIX: `fault-${newSecret(6)}:`,
        }
      : {}),
    ...options.env,
  }
  let pid: number | undefined
  const waited = (): number => waitedMs('self') + (pid === undefined ? 0 : waitedMs(pid))
  const visitor = (): Visitor => createVisitor(origin, waited)
  return {
    storage,
    origin,
    env,
    inbox,
    clock,
    waited,
    async start(more) {
      const server = await startServer(t, { ...env, ...more })
      pid = server.pid
      return server
    },
    visitor,
    world: (given) => ({
      visitor: visitor(),
      ledger: createLedger(),
      inbox,
      client,
      callback,
      now: () => Date.now() + clock.offset(),
      ...given,
    }),
    async administrator(visitor) {
      return (await visitor.expect('200 POST /auth/login', { body: root })).access_token
    },
  }
}

const unlimited = {
  REQUESTS_PER_MINUTE: '0',
  REQUESTS_PER_HOUR: '0',
  LOGIN_MAX_FAILURES: '0',
  MAILS_PER_HOUR: '1000',
  MAILS_PER_ADDRESS_PER_HOUR: '1000000',
}

/** An application of others, in a file that the server reads. JSON is YAML. */
function declare(folder: string, { id, secret }: World['client']): string {
  const file = join(folder, 'yumen.yaml')
  const client = {
    client_id: id,
    client_secret: secret,
    client_name: 'Acme Notes',
    redirect_uris: [callback],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
  }
  writeFileSync(file, JSON.stringify({ clients: [client] }))
  return file
}

/** On a machine that is busy; how long it should take is judged by `Report.recovery`. */
const startLimitSeconds = 120

async function startServer(t: Teardown, env: Record<string, string>): Promise<Server> {
  const started = performance.now()
  const server = await startYumen(t, env)
  await untilReady(server, startLimitSeconds)
  return {
    ...server,
    readyMs: Math.max(0, performance.now() - started - waitedMs(server.pid)),
    async kill() {
      server.signal('SIGKILL')
      await server.ended
    },
  }
}

function createClock(file: string): Clock {
  let offset = 0
  const write = (): void => {
    // The server must never read half a number.
    writeFileSync(`${file}.new`, String(offset))
    renameSync(`${file}.new`, file)
  }
  write()
  return {
    offset: () => offset,
    async pass(ms) {
      offset += ms
      write()
      // It looks at the file every 10 ms.
      await sleep(30)
    },
  }
}
