import { secretsOf } from '#config/development-secret.ts'
import type { Config } from '#config/load.ts'
import type { EngineParts } from '#compose/parts.ts'
import { systemClock } from '#lib/clock.ts'
import type { Storage } from '#storage/storage.ts'
import { createLog } from '#telemetry/log.ts'
import { withMigratedStorage } from './with-storage.ts'

/** What a command works with: what the server can do, without a server. */
export type CommandParts = EngineParts

/** Runs a command on the server's storage and services. Rejects when the schema is not that of this version. */
export const withServices = <T>(work: (parts: CommandParts) => Promise<T>): Promise<T> =>
  withMigratedStorage((storage, config) => withServicesOn(storage, config, work))

export async function withServicesOn<T>(
  storage: Storage,
  config: Config,
  work: (parts: CommandParts) => Promise<T>,
): Promise<T> {
  // Half of the program; not every command needs it.
  const { createServices } = await import('#compose/services.ts')
  const log = createLog('warn', process.stderr)
  const foundation = { config, storage, log, now: systemClock, secrets: secretsOf(config) }
  const services = createServices(foundation)
  // Sending mail is the servers' work.
  await services.mail.queue.stop()
  try {
    return await work({ ...foundation, services })
  } finally {
    await services.telemetry.audit.stop()
  }
}
