import type { Logger } from 'pino'
import { dayOf } from '#audit/daily.ts'
import type { Config } from '#config/load.ts'
import type { Clock } from '#lib/clock.ts'
import type { Storage } from '#storage/storage.ts'
import { startSweeper } from '#storage/sweeper.ts'
import { eraseDue } from '#users/erase.ts'

/** What a server does by itself now and then; of all processes on one database, one at a time. */
export interface ScheduledJobs {
  stop(): void
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
/** How long a mail that could not be sent is kept for the administrator to see; it is tried for some 15 hours. */
const mailDays = 30

/** Deletes until nothing is left to delete, little at a time, so that no table is locked for long. */
async function inBatches(remove: (limit: number) => Promise<number>): Promise<void> {
  const limit = 1000
  while ((await remove(limit)) === limit);
}

export function startScheduledJobs({
  config,
  storage,
  log,
  now,
}: {
  config: Config
  storage: Storage
  log: Logger
  now: Clock
}): ScheduledJobs {
  const failed = (error: unknown): void => log.error({ err: error }, 'a scheduled job failed')
  const sweeper = startSweeper(storage, minute, failed)
  const hourly = async (): Promise<void> => {
    await storage.withLock('scheduled-jobs', 0, async () => {
      for (
        let erased: string[];
        (erased = await eraseDue(storage.users, storage.artifacts)).length > 0;
      )
        log.info({ users: erased }, 'erased accounts')
      const { statistics, audit, mailQueue } = storage
      // A process whose database was away for days may still have people of then to count.
      await inBatches((limit) => statistics.forgetActive(dayOf(now() - 8 * day), limit))
      const oldest = now() - config.AUDIT_RETENTION_DAYS * day
      await inBatches((limit) => audit.removeBefore(oldest, limit))
      await inBatches((limit) => mailQueue.removeBefore(now() - mailDays * day, limit))
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
