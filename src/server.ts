import type { Logger } from 'pino'
import { loadDeclared } from '#config/declared.ts'
import type { Config } from '#config/load.ts'
import { secretsOf } from '#config/development-secret.ts'
import { trustedIssuersOf } from '#config/trusted-issuers.ts'
import { listen } from '#http/listener.ts'
import { systemClock, type Clock } from '#lib/clock.ts'
import type { Tracing } from '#lib/tracing.ts'
import { validateClient } from '#oidc/clients.ts'
import type { Storage } from '#storage/storage.ts'
import { declaredProviders } from '#compose/federation.ts'
import { createApp, type App } from './app.ts'
import { startScheduledJobs } from '#operations/scheduled-jobs.ts'
import { declare } from '#operations/declare.ts'
import { prepareFirstStart, type FirstStart } from '#operations/first-start.ts'
import { createServices, type Services } from '#compose/services.ts'

/** A running server: migrated, prepared, listening. */
export interface RunningServer extends FirstStart {
  app: App
  port: number
  services: Services
  /**
   * Says that it is not ready, and goes on until no connections come any more (a load balancer needs time to notice; up to
   * half of SHUTDOWN_TIMEOUT_SECONDS); then `stop`.
   */
  retire(): Promise<void>
  /** Accepts nothing new, lets what is under way finish (up to SHUTDOWN_TIMEOUT_SECONDS), closes the storage. */
  stop(): Promise<void>
}

export interface ServerParts {
  config: Config
  storage: Storage
  log: Logger
  version: string
  now?: Clock
  tracing?: Tracing | undefined
}

export async function startServer({
  now = systemClock,
  ...parts
}: ServerParts): Promise<RunningServer> {
  const { config, storage, log } = parts
  const declared = loadDeclared(config)
  const trustedIssuers = trustedIssuersOf(config, declared.trustedIssuers)
  const foundation = { config, storage, log, now, secrets: secretsOf(config) }
  const services = createServices(foundation)
  await storage.migrate()
  const firstStart = await prepareFirstStart({
    config,
    storage,
    keys: services.keys,
    register: services.accounts.register,
    passwords: services.accounts.passwords,
    audit: services.telemetry.audit,
  })

  let draining = false
  const app = await createApp({
    ...foundation,
    version: parts.version,
    tracing: parts.tracing,
    services,
    trustedIssuers,
    isDraining: () => draining,
  })
  await services.federation.providers.start(declaredProviders(config, declared.providers))
  await declare(declared, foundation, (client) => validateClient(app.engine.provider, client))
  const jobs = startScheduledJobs(foundation)
  const listener = await listen((req, res) => void app.handler(req, res), {
    port: config.PORT,
    host: config.HOST,
  })

  const timeoutMs = config.SHUTDOWN_TIMEOUT_SECONDS * 1000
  const stop = async (patienceMs = timeoutMs): Promise<void> => {
    draining = true
    app.engine.stop()
    jobs.stop()
    services.federation.providers.stop()
    await listener.drain(patienceMs)
    await services.mail.queue.stop()
    await services.telemetry.audit.stop()
    await storage.close()
    await parts.tracing?.stop()
  }

  return {
    ...firstStart,
    app,
    port: listener.port,
    services,
    async retire() {
      draining = true
      await listener.quiet(timeoutMs / 2)
      await stop(timeoutMs / 2)
    },
    stop: () => stop(),
  }
}
