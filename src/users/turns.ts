import { busy } from '#lib/app-error.ts'

/**
 * Work that takes turns in this process: of one key at most `size` at a time, the others wait in the order in which they
 * came. What waits is bounded for all keys together: past it callers get 503, as they do at the password queue.
 */
export interface Turns {
  /** Runs the work when its turn has come. Rejects with `busy` when too many wait already. */
  take<T>(turn: { key: string; size: number }, work: () => Promise<T>): Promise<T>
}

interface Line {
  running: number
  waiting: (() => void)[]
}

export function createTurns(waitingMax: number): Turns {
  const lines = new Map<string, Line>()
  let waiting = 0

  const begin = async (key: string, size: number): Promise<void> => {
    const line = lines.get(key) ?? { running: 0, waiting: [] }
    lines.set(key, line)
    if (line.running < size) {
      line.running++
      return
    }
    if (waiting >= waitingMax) throw busy(2)
    waiting++
    await new Promise<void>((resolve) => line.waiting.push(resolve))
    waiting--
  }
  const end = (key: string): void => {
    const line = lines.get(key)!
    // Anyone who comes next takes over the place, so that no one can slip in between.
    const next = line.waiting.shift()
    if (next) next()
    else if (--line.running === 0) lines.delete(key)
  }

  return {
    async take({ key, size }, work) {
      await begin(key, size)
      try {
        return await work()
      } finally {
        end(key)
      }
    },
  }
}
