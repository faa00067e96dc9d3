/** The current time in integer milliseconds since the epoch. A function, so that tests can move it. */
export type Clock = () => number

export const systemClock: Clock = Date.now

/** Microseconds of `now`, made to grow with every call: two writes in one millisecond have an order too. */
export function growingMicroseconds(now: Clock): () => number {
  let last = 0
  return () => (last = Math.max(last + 1, now() * 1000))
}
