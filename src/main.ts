import type { Logger } from 'pino'
import { InvalidConfig, loadConfig, type Config } from '#config/load.ts'
import type { Tracing } from '#lib/tracing.ts'
import packageJson from '../package.json' with { type: 'json' }
import { createLog } from '#telemetry/log.ts'
import { startServer, type RunningServer } from './server.ts'
import { openStorage } from '#compose/storage.ts'

/** The process: environment → storage → server; SIGTERM retires it, SIGINT stops it. Exit 78 (EX_CONFIG) for a wrong setting. */
export async function main(): Promise<void> {
  await run().catch(refuse)
}

async function run(): Promise<void> {
  const config = loadConfig()
  const log = createLog(config.LOG_LEVEL)
  const { version } = packageJson
  const tracing = await tracingOf(config, { log, version })
  const storage = await openStorage(config, (error) => log.warn({ err: error }, 'redis connection'))
  const server = await startServer({ config, log, storage, version, tracing })
  if (config.development) process.stdout.write(greeting(config, server))
  log.info({ issuer: config.ISSUER, port: server.port }, 'ready')

  let stopping = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1)
      stopping = true
      log.info({ signal }, 'stopping')
      const ended = signal === 'SIGTERM' ? server.retire() : server.stop()
      void ended.then(() => process.exit(0))
    })
  }
}

/** Loads the library only if traces are sent anywhere. */
async function tracingOf(
  config: Config,
  { log, version }: { log: Logger; version: string },
): Promise<Tracing | undefined> {
  if (config.OTEL_EXPORTER_OTLP_ENDPOINT === undefined) return undefined
  const { createTracing } = await import('#telemetry/tracing.ts')
  const onError = (error: unknown): void => log.warn({ err: error }, 'traces are not delivered')
  return createTracing({ config, version, onError })
}

function greeting(
  { ISSUER, ADMIN_EMAIL, DATA_DIR }: Config,
  { administrator }: RunningServer,
): string {
  const lines = [
    '',
    '  Yumen is running.',
    '',
    `  Try it        ${ISSUER}/demo`,
    `  Console       ${ISSUER}/console`,
    `  Discovery     ${ISSUER}/.well-known/openid-configuration`,
    ...(administrator
      ? [
          `  Sign in as    ${administrator.email}`,
          `  Password      ${administrator.password}   (shown once)`,
        ]
      : [`  Sign in as    ${ADMIN_EMAIL ?? 'admin@example.com'}, or create an account`]),
    '',
    `  Development settings; what was generated is in ${DATA_DIR}/. Ctrl+C stops.`,
    '',
    '',
  ]
  return lines.join('\n')
}

function refuse(error: unknown): never {
  const wrongSetting = error instanceof InvalidConfig
  process.stderr.write(`${wrongSetting ? error.message : stackOf(error)}\n`)
  process.exit(wrongSetting ? 78 : 1)
}

/** With its causes: there a driver says which certificate it could not verify. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { stack = error.message, cause } = error
  return cause === undefined ? stack : `${stack}\nCaused by: ${stackOf(cause)}`
}
