import type { Config } from '#config/load.ts'
import { systemClock } from '#lib/clock.ts'
import type { Storage } from '#storage/storage.ts'
import type { Logger } from 'pino'
import { createLog } from '../log.ts'
import type { Services } from '../services.ts'
import { withMigratedStorage } from './with-storage.ts'

/** What a command works with: what the server can do, without a server. */
export interface CommandParts {
  config: Config
  storage: Storage
  services: Services
  log: Logger
}

/** Runs a command on the server's storage and services. Rejects when the schema is not that of this version. */
export const withServices = <T>(work: (parts: CommandParts) => Promise<T>): Promise<T> =>
  withMigratedStorage(async (storage, config) => {
    // Half of the program; not every command needs it.
    const { createServices } = await import('../services.ts')
    const log = createLog('warn', process.stderr)
    const services = createServices({ config, storage, log, now: systemClock })
    // Sending mail is the servers' work.
    await services.mail.stop()
    try {
      return await work({ config, storage, services, log })
    } finally {
      await services.audit.stop()
    }
  })
