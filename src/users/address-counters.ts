import { networksOf } from '#lib/addresses.ts'

/** A counter and its limit. */
export interface Counter {
  key: string
  max: number
}

/** The counters of an address, narrowest network first. Every limit by address gets its keys here. */
export const addressCounters = (what: string, address: string, max: number): Counter[] =>
  networksOf(address).map(({ name, share }) => ({ key: `${what}:${name}`, max: max * share }))

type Counted<T> = T & Counter

export const isWithin = ({ count, max }: Counted<{ count: number }>): boolean => count <= max

/**
 * Counts one after another and stops at the first counter that is over its limit: requests that a /64 is refused must not use
 * up the limit of its neighbours in the /56. Resolves to the counters that were hit.
 */
export async function countInOrder<T extends { count: number }>(
  counters: readonly Counter[],
  hit: (key: string) => Promise<T>,
): Promise<Counted<T>[]> {
  const counted: Counted<T>[] = []
  for (const counter of counters) {
    const one = { ...(await hit(counter.key)), ...counter }
    counted.push(one)
    if (!isWithin(one)) break
  }
  return counted
}
