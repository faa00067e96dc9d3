import type { LimitStore } from '#storage/limits.ts'
import { countInOrder, isWithin, type Counter } from './address-counters.ts'

/** Counts a try before it is looked at, and takes it back when it should not have counted. */
export interface Tries {
  /**
   * Counts a try in every line of counters. The lines do not affect each other: a locked account must not show at the counter
   * of an address. When the store does not answer, it rejects and takes back what may have been counted.
   */
  count(lines: readonly (readonly Counter[])[]): Promise<Try>
}

export interface Try {
  /** Whether every counter is within its limit. */
  isOpen: boolean
  /**
   * Takes the try back; the counter `forget` is reset altogether. Never rejects: what the store does not confirm is done again
   * before the next try is counted.
   */
  takeBack(forget?: string): Promise<void>
}

/** Bounds the memory that an outage can take; no process has so many tries in flight. */
const mostOwed = 1000

export function createTries(limits: LimitStore, windowMs: number): Tries {
  let owed: (() => Promise<void>)[] = []

  const payOwed = async (): Promise<void> => {
    const due = owed
    owed = []
    const outcomes = await Promise.allSettled(due.map((act) => act()))
    owed.push(...due.filter((_, index) => outcomes[index]?.status === 'rejected'))
    throwFirst(outcomes)
  }

  return {
    async count(lines) {
      await payOwed()
      const sent: string[] = []
      const counted = new Set<string>()
      const hit = async (key: string) => {
        sent.push(key)
        const found = await limits.hit(key, windowMs)
        counted.add(key)
        return found
      }
      const takeBack: Try['takeBack'] = async (forget) => {
        const undo = async (key: string): Promise<void> => {
          const act = () => (key === forget ? limits.reset(key) : limits.release(key))
          await act().catch(() => {
            // A hit that was not confirmed may not have happened, and a later release would take back another's.
            if (counted.has(key) && owed.length < mostOwed) owed.push(act)
          })
        }
        await Promise.all(sent.map(undo))
      }

      const outcomes = await Promise.allSettled(
        lines.map(async (line) => (await countInOrder(line, hit)).every(isWithin)),
      )
      if (outcomes.some(({ status }) => status === 'rejected')) await takeBack()
      throwFirst(outcomes)
      const isOpen = outcomes.every((one) => one.status === 'fulfilled' && one.value)
      return { isOpen, takeBack }
    },
  }
}

function throwFirst(outcomes: readonly PromiseSettledResult<unknown>[]): void {
  const failure = outcomes.find(({ status }) => status === 'rejected')
  if (failure?.status === 'rejected') throw failure.reason
}
