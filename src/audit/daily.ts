import type { Clock } from '#lib/clock.ts'
import type { DailyCount, StatisticsStore } from '#storage/statistics.ts'

/**
 * Counts by the day, gathered in memory and added to the store now and then, so that no request waits for a counter
 * and the audit log is never read to count it. What could not be added is added the next time, and `stop` adds what is
 * left; a process that is killed loses the last moment.
 */
export interface DailyCounter {
  count(name: string): void
  /** Someone was active today. */
  active(userId: string): void
  /** Adds what has gathered; resolves when it is written. */
  flush(): Promise<void>
  stop(): Promise<void>
}

export interface DailyCounterParts {
  store: Pick<StatisticsStore, 'add'>
  now: Clock
  onError(error: unknown): void
  intervalMs?: number
}

/** The day of a time, in UTC: `2026-11-20`. */
export const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10)

/** So many of today's people are remembered, lest each of their refreshes asks the store. */
const maxKnown = 10_000

export function createDailyCounter(parts: DailyCounterParts): DailyCounter {
  const { store, now, onError, intervalMs = 1000 } = parts
  let gathered = createGathered()
  let known = new Set<string>()
  let writing: Promise<void> = Promise.resolve()

  const writeAll = async (): Promise<void> => {
    const batch = gathered
    if (batch.counts.size + batch.active.size === 0) return
    gathered = createGathered()
    try {
      await store.add({ counts: [...batch.counts.values()], active: [...batch.active.values()] })
    } catch (error) {
      gathered.take(batch)
      throw error
    }
    if (known.size + batch.active.size > maxKnown) known = new Set()
    for (const key of batch.active.keys()) known.add(key)
  }
  const flush = (): Promise<void> => {
    writing = writing.then(writeAll, writeAll)
    return writing
  }
  const timer = setInterval(() => void flush().catch(onError), intervalMs).unref()

  return {
    count: (name) => gathered.add({ day: dayOf(now()), name, count: 1 }),
    active(userId) {
      const day = dayOf(now())
      const key = `${day} ${userId}`
      if (!known.has(key)) gathered.active.set(key, { day, userId })
    },
    flush,
    async stop() {
      clearInterval(timer)
      await flush().catch(onError)
    },
  }
}

/** What waits to be written: each counter, and each person of a day, once. */
function createGathered() {
  const counts = new Map<string, DailyCount>()
  const active = new Map<string, { day: string; userId: string }>()
  const add = ({ day, name, count }: DailyCount): void => {
    const key = `${day} ${name}`
    counts.set(key, { day, name, count: count + (counts.get(key)?.count ?? 0) })
  }
  return {
    counts,
    active,
    add,
    take(other: { counts: typeof counts; active: typeof active }): void {
      for (const one of other.counts.values()) add(one)
      for (const [key, one] of other.active) active.set(key, one)
    },
  }
}
