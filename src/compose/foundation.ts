import type { Logger } from 'pino'
import type { Config } from '#config/load.ts'
import type { Clock } from '#lib/clock.ts'
import type { Storage } from '#storage/storage.ts'

/** What every part of the server is built on. */
export interface Foundation {
  config: Config
  storage: Storage
  log: Logger
  now: Clock
  /** `SECRET_KEY` first, then the secrets it replaced. */
  secrets: readonly [string, ...string[]]
}
