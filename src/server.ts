import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Config } from '#config/load.ts'
import { loadDeclared } from '#config/declared.ts'
import { secretsOf } from '#config/development-secret.ts'
import { listen } from '#http/listener.ts'
import { systemClock, type Clock } from '#lib/clock.ts'
import { createSealer } from '#lib/sealing.ts'
import { createMailer } from '#mail/mailer.ts'
import { validateClient } from '#oidc/clients.ts'
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

export async function startServer(parts: ServerParts): Promise<RunningServer> {
  const { config, storage, log } = parts
  const services = servicesOf(parts)
  await storage.migrate()
  const firstStart = await prepareFirstStart({ config, storage, ...services })

  let draining = false
  const app = await createApp({ ...parts, ...services, isDraining: () => draining })
  await declare(loadDeclared(config), storage, (client) =>
    validateClient(app.engine.provider, client),
  )
  const sweeper = startSweeper(storage, sweepEveryMs, (error) =>
    log.error({ err: error }, 'sweep failed'),
  )
  const listener = await listen((req, res) => void app.handler(req, res), {
    port: config.PORT,
    host: config.HOST,
  })

  return {
    ...firstStart,
    app,
    port: listener.port,
    register: services.register,
    async stop() {
      draining = true
      app.engine.stop()
      sweeper.stop()
      await listener.drain(config.SHUTDOWN_TIMEOUT_SECONDS * 1000)
      await storage.close()
    },
  }
}

/** What the parts of the application are made of. */
function servicesOf({ config, storage, now = systemClock }: ServerParts) {
  const secrets = secretsOf(config)
  const passwords = createPasswords({
    memoryKib: config.ARGON2_MEMORY_KIB,
    timeCost: config.ARGON2_TIME_COST,
    parallelism: config.ARGON2_PARALLELISM,
    queueMax: config.PASSWORD_QUEUE_MAX,
  })
  return {
    now,
    secrets,
    passwords,
    keys: keysOf(config, storage, { secrets, now }),
    register: createRegister({
      users: storage.users,
      passwords,
      passwordMinLength: config.PASSWORD_MIN_LENGTH,
    }),
    sendMail: createMailer({
      from: config.MAIL_FROM,
      smtpUrl: config.SMTP_URL,
      outbox: config.development ? join(config.DATA_DIR, 'outbox') : undefined,
    }),
  }
}

/** The signing keys of this server; the CLI uses them too. */
export function keysOf(
  config: Config,
  storage: Storage,
  { secrets, now }: { secrets: readonly string[]; now: Clock },
): Keys {
  return createKeys({
    store: storage.signingKeys,
    sealer: createSealer(secrets, 'signing-keys'),
    now,
    publishMs: (config.JWKS_MAX_AGE_SECONDS + config.KEY_POLL_SECONDS) * 1000,
    retireMs: Math.max(day, config.SESSION_EXPIRE_SECONDS * 1000),
  })
}

/** Access tokens live a day at most; an ID token comes back as a hint when its session ends. */
const day = 24 * 60 * 60_000
