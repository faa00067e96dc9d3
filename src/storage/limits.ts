/** Counters that say no: how often something was tried, by whom, in a span of time. Shared by all processes. */
export interface Hit {
  /** Including this one. */
  count: number
  /** When the span ends and the count begins again, in milliseconds since the epoch. */
  resetAt: number
}

export interface LimitStore {
  /**
   * Adds one to the counter of `key`, whose span of `windowMs` begins with its first hit. Atomic: of any number of
   * parallel calls each gets a count of its own.
   */
  hit(key: string, windowMs: number): Promise<Hit>

  /** The counter without adding; count 0 when there is none. */
  peek(key: string): Promise<Hit>

  /** Takes one back (the try turned out to be a good one); never below 0. */
  release(key: string): Promise<void>

  /** Forgets the counter. */
  reset(key: string): Promise<void>

  /** Deletes at most `limit` counters whose span has ended; resolves to how many. 0 where they end by themselves. */
  removeExpired(limit: number): Promise<number>
}
