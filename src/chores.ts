import type { Logger } from 'pino'
import { dayOf } from '#audit/daily.ts'
import type { Config } from '#config/load.ts'
import type { Clock } from '#lib/clock.ts'
import type { Storage } from '#storage/storage.ts'
import { startSweeper } from '#storage/sweeper.ts'
import { eraseDue } from '#users/erase.ts'

/** What a server does by itself now and then; of all processes on one database, one at a time. */
export interface Chores {
  stop(): void
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

export function startChores({
  config,
  storage,
  log,
  now,
}: {
  config: Config
  storage: Storage
  log: Logger
  now: Clock
}): Chores {
  const failed = (error: unknown): void => log.error({ err: error }, 'a chore failed')
  const sweeper = startSweeper(storage, minute, failed)
  const hourly = async (): Promise<void> => {
    await storage.withLock('chores', 0, async () => {
      const erased = await eraseDue(storage.users, storage.artifacts)
      if (erased.length > 0) log.info({ users: erased }, 'erased accounts')
      // A process whose database was away for days may still have people of then to count.
      await storage.statistics.forgetActive(dayOf(now() - 8 * day), 10_000)
      await storage.audit.removeBefore(now() - config.AUDIT_RETENTION_DAYS * day, 10_000)
    })
  }
  const timer = setInterval(() => void hourly().catch(failed), hour).unref()
  return {
    stop() {
      sweeper.stop()
      clearInterval(timer)
    },
  }
}
