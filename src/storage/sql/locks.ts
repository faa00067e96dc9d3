import { setTimeout as sleep } from 'node:timers/promises'
import type { Release } from './dialect.ts'

export type WithLock = <T>(
  name: string,
  waitMs: number,
  work: () => Promise<T>,
) => Promise<T | undefined>

/**
 * Locks between processes, by `lock` of the dialect. Callers in this process queue here first, so that a process
 * never holds more than one connection for a name, however many of its callers wait. Not re-entrant: work that asks
 * for its own lock waits in vain. Rejects with the reason when the lock was lost before the work was done.
 */
export function createLocks(
  lock: (name: string, waitMs: number) => Promise<Release | undefined>,
): WithLock {
  const holders = new Map<string, Promise<void>>()

  /** Waits until no one in this process has the name; resolves to whether that came to pass. */
  async function isFree(name: string, deadline: number): Promise<boolean> {
    for (;;) {
      const holder = holders.get(name)
      if (!holder) return true
      const left = deadline - performance.now()
      if (left <= 0) return false
      const timer = new AbortController()
      const timeout = sleep(left, undefined, { signal: timer.signal }).catch(() => undefined)
      await Promise.race([holder, timeout])
      timer.abort()
    }
  }

  return async function withLock(name, waitMs, work) {
    const deadline = performance.now() + waitMs
    if (!(await isFree(name, deadline))) return undefined
    // No await between the check and this.
    const turn = Promise.withResolvers<void>()
    holders.set(name, turn.promise)
    try {
      const release = await lock(name, Math.max(0, deadline - performance.now()))
      return release && (await workAndRelease(work, release))
    } finally {
      holders.delete(name)
      turn.resolve()
    }
  }
}

async function workAndRelease<T>(work: () => Promise<T>, release: Release): Promise<T> {
  let result: T
  try {
    result = await work()
  } catch (error) {
    // The work's own failure says more than that of letting go.
    await release().catch(() => undefined)
    throw error
  }
  await release()
  return result
}
