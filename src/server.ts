import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import { join } from 'node:path'
import type { Config } from '#config/load.ts'
import { loadDeclared } from '#config/declared.ts'
import { secretsOf } from '#config/development-secret.ts'
import { systemClock, type Clock } from '#lib/clock.ts'
import { createSealer } from '#lib/sealing.ts'
import { validateClient } from '#oidc/clients.ts'
import { createMailer } from '#mail/mailer.ts'
import { createKeys, type Keys } from '#oidc/keys.ts'
import type { Storage } from '#storage/storage.ts'
import { startSweeper } from '#storage/sweeper.ts'
import { createPasswords } from '#users/passwords.ts'
import { createRegister, type Register } from '#users/register.ts'
import { createApp, type App } from './app.ts'
import { declare } from './declare.ts'
import { prepareFirstStart, type FirstStart } from './first-start.ts'

/** A running server: migrated, prepared, listening. */
export interface RunningServer extends FirstStart {
  app: App
  port: number
  /** Makes an account, as the registration page does. */
  register: Register
  /** Accepts nothing new, lets what is under way finish (up to SHUTDOWN_TIMEOUT_SECONDS), closes the storage. */
  stop(): Promise<void>
}

export interface ServerParts {
  config: Config
  storage: Storage
  log: Logger
  version: string
  now?: Clock
}

const sweepEveryMs = 60_000

export async function startServer({
  config,
  storage,
  log,
  version,
  now = systemClock,
}: ServerParts): Promise<RunningServer> {
  const secrets = secretsOf(config)
  const keys = keysOf(config, storage, { secrets, now })
  const passwords = createPasswords({
    memoryKib: config.ARGON2_MEMORY_KIB,
    timeCost: config.ARGON2_TIME_COST,
    parallelism: config.ARGON2_PARALLELISM,
    queueMax: config.PASSWORD_QUEUE_MAX,
  })
  const register = createRegister({
    users: storage.users,
    passwords,
    passwordMinLength: config.PASSWORD_MIN_LENGTH,
  })

  const sendMail = createMailer({
    from: config.MAIL_FROM,
    smtpUrl: config.SMTP_URL,
    outbox: config.development ? join(config.DATA_DIR, 'outbox') : undefined,
  })

  await storage.migrate()
  const firstStart = await prepareFirstStart({ config, storage, keys, register })

  let draining = false
  const app = await createApp({
    config,
    secrets,
    storage,
    keys,
    passwords,
    register,
    sendMail,
    log,
    now,
    version,
    isDraining: () => draining,
  })
  await declare(loadDeclared(config), storage, (client) =>
    validateClient(app.engine.provider, client),
  )
  const sweeper = startSweeper(storage, sweepEveryMs, (error) =>
    log.error({ err: error }, 'sweep failed'),
  )
  const server = createServer((req, res) => {
    if (draining) res.setHeader('Connection', 'close')
    void app.handler(req, res)
  })
  const port = await listen(server, config)

  return {
    ...firstStart,
    app,
    port,
    register,
    async stop() {
      draining = true
      app.engine.stop()
      sweeper.stop()
      await drain(server, config.SHUTDOWN_TIMEOUT_SECONDS * 1000)
      await storage.close()
    },
  }
}

/** The signing keys of this server; the CLI uses them too. */
export function keysOf(
  config: Config,
  storage: Storage,
  { secrets, now }: { secrets: readonly string[]; now: Clock },
): Keys {
  const longestToken = Math.max(config.ACCESS_TOKEN_EXPIRE_MINUTES, 24 * 60) * 60_000
  return createKeys({
    store: storage.signingKeys,
    sealer: createSealer(secrets, 'signing-keys'),
    now,
    publishMs: (config.JWKS_MAX_AGE_SECONDS + config.KEY_POLL_SECONDS) * 1000,
    retireMs: longestToken,
  })
}

async function listen(server: Server, config: Config): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: config.PORT, host: config.HOST }, resolve)
  })
  return (server.address() as AddressInfo).port
}

/** Idle connections close now, busy ones when they have their answer; what is left at the end is cut. */
async function drain(server: Server, timeoutMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const idle = setInterval(() => server.closeIdleConnections(), 50)
  const limit = setTimeout(() => server.closeAllConnections(), timeoutMs)
  await closed
  clearInterval(idle)
  clearTimeout(limit)
}
