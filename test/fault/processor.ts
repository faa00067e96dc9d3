import { readFileSync } from 'node:fs'

/**
 * How long the main thread of a process could have run and was not let, since it began: a machine that is busy with others
 * is not a slow server. 0 where there is no /proc.
 */
export function waitedMs(pid: number | 'self'): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6
  } catch {
    return 0
  }
}

/** Tells the milliseconds from now on, less those that were spent waiting for a processor. */
export function stopwatch(waited: () => number): () => number {
  const [began, before] = [performance.now(), waited()]
  return () => {
    const all = performance.now() - began
    // A new process has waited less than the one before it.
    return Math.max(0, all - Math.max(0, waited() - before))
  }
}
