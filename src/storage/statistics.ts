/** Statistics: counters that are kept by the day, and totals that are counted when someone asks. */
export interface DailyCount {
  /** In UTC, such as `2026-11-20`. */
  day: string
  /** ASCII of at most 128 characters, such as `login.succeeded`. */
  name: string
  count: number
}

export interface DailyBatch {
  counts: readonly DailyCount[]
  /** Who was active on which day. */
  active: readonly { day: string; userId: string }[]
}

/** The counter of a day's distinct active users, which `add` keeps. */
export const activeUsers = 'users.active'

export interface Totals {
  users: number
  bannedUsers: number
  /** Users since each of the times that were asked for, in their order. */
  newUsers: number[]
  clients: number
  apiKeys: number
}

export interface StatisticsStore {
  /**
   * Adds to the counters, all of them or none. A user counts once a day as active, however often and by however many
   * processes they are named, for as long as `forgetActive` leaves the day alone.
   */
  add(batch: DailyBatch): Promise<void>

  /** Counters of the days from `from` to `to`, both included. A counter that was never added to is not there. */
  list(from: string, to: string): Promise<DailyCount[]>

  /** Forgets who was active up to this day, at most `limit` of them; the counters stay. Resolves to how many. */
  forgetActive(day: string, limit: number): Promise<number>

  /** Counts what there is now. `since`: milliseconds since the epoch. */
  totals(since: readonly number[]): Promise<Totals>

  /** What is waiting in the database for a background job, and since when. */
  backlog(): Promise<Backlog>
}

/** Times are in milliseconds since the epoch, and undefined if there is none. */
export interface Backlog {
  waitingMails: number
  /** No longer retried; an administrator has to act. */
  failedMails: number
  /** When the oldest waiting mail was queued. */
  oldestMailAt: number | undefined
  /** The earliest expiry of an artifact in SQL, which may lie in the future. */
  firstExpiryAt: number | undefined
}
