import type { Clock } from '#lib/clock.ts'
import type { ArtifactStore } from '#storage/artifacts.ts'
import { activeUsers, type DailyCount, type StatisticsStore } from '#storage/statistics.ts'
import { grantTypeOf } from './counted.ts'
import { dayOf } from './daily.ts'

/** What there is now, what happened on each of the last days, and what takes this process the longest. */
export interface Statistics {
  totals: {
    users: number
    activeUsers: number
    bannedUsers: number
    newUsers: { day: number; week: number; month: number }
    clients: number
    sessions: number
    refreshTokens: number
    apiKeys: number
    waitingMails: number
    failedMails: number
  }
  /** Oldest first, today last; days in UTC. */
  days: Day[]
  /** The slowest first. */
  operations: Operation[]
}

export interface Day {
  day: string
  signIns: number
  failedSignIns: number
  registrations: number
  /** Distinct people who signed in or got a token. */
  activeUsers: number
  /** By grant type. */
  tokens: Record<string, number>
}

export interface Operation {
  method: string
  route: string
  count: number
  /** Milliseconds, as near as the histogram tells. */
  p50: number
  p95: number
  p99: number
}

export type ReadStatistics = (days: number) => Promise<Statistics>

export interface StatisticsParts {
  store: Pick<StatisticsStore, 'list' | 'totals' | 'backlog'>
  artifacts: Pick<ArtifactStore, 'countLive'>
  operations(): Promise<Operation[]>
  now: Clock
}

const dayMs = 86_400_000

/** For the admin API and the console. Reads a few indexes and a row a counter and day, never the audit log. */
export function createStatistics(parts: StatisticsParts): ReadStatistics {
  return async (days) => {
    const at = parts.now()
    const names = Array.from({ length: days }, (_, ago) => dayOf(at - (days - 1 - ago) * dayMs))
    const [totals, counts, operations] = await Promise.all([
      totalsAt(parts, at),
      parts.store.list(names[0]!, names.at(-1)!),
      parts.operations(),
    ])
    const byDay = Map.groupBy(counts, ({ day }) => day)
    return { totals, days: names.map((day) => dayFrom(day, byDay.get(day) ?? [])), operations }
  }
}

async function totalsAt(
  { store, artifacts }: StatisticsParts,
  at: number,
): Promise<Statistics['totals']> {
  const [{ newUsers, ...totals }, { waitingMails, failedMails }, sessions, refreshTokens] =
    await Promise.all([
      store.totals([at - dayMs, at - 7 * dayMs, at - 30 * dayMs]),
      store.backlog(),
      artifacts.countLive('Session'),
      artifacts.countLive('RefreshToken'),
    ])
  const [day = 0, week = 0, month = 0] = newUsers
  return {
    ...totals,
    activeUsers: totals.users - totals.bannedUsers,
    newUsers: { day, week, month },
    sessions,
    refreshTokens,
    waitingMails,
    failedMails,
  }
}

function dayFrom(day: string, counts: readonly DailyCount[]): Day {
  const of = (name: string): number => counts.find((one) => one.name === name)?.count ?? 0
  const tokens = counts.flatMap(({ name, count }) => {
    const grantType = grantTypeOf(name)
    return grantType === undefined ? [] : [[grantType, count] as const]
  })
  return {
    day,
    signIns: of('login.succeeded'),
    failedSignIns: of('login.failed'),
    registrations: of('user.registered'),
    activeUsers: of(activeUsers),
    tokens: Object.fromEntries(tokens),
  }
}
