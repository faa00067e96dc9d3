import {
  activeUsers,
  type Backlog,
  type DailyCount,
  type StatisticsStore,
  type Totals,
} from '#storage/statistics.ts'
import { isId } from './comparable.ts'
import { createInsertMany } from './insert-many.ts'
import { insertInto } from './sql-text.ts'
import type { Statements } from './statements.ts'

const count = (from: string): string => `(SELECT COUNT(*) FROM ${from})`

type TotalsRow = Omit<Totals, 'newUsers'> & Record<string, number>

/** One statement, whatever is asked; each part reads an index. */
const totalsText = (times: number): string =>
  `SELECT ${[
    `${count('users')} AS "users"`,
    `${count('users WHERE banned_at IS NOT NULL')} AS "bannedUsers"`,
    `${count('clients')} AS "clients"`,
    `${count('api_keys')} AS "apiKeys"`,
    ...Array.from(
      { length: times },
      (_, index) => `${count('users WHERE created_at >= ?')} AS "since${index}"`,
    ),
  ].join(', ')}`

const backlogText = `SELECT ${[
  `${count("mail_queue WHERE state = 'waiting'")} AS "waitingMails"`,
  `${count("mail_queue WHERE state = 'failed'")} AS "failedMails"`,
  `(SELECT MIN(created_at) FROM mail_queue WHERE state = 'waiting') AS "oldestMailAt"`,
  `(SELECT MIN(expires_at) FROM artifacts) AS "firstExpiryAt"`,
].join(', ')}`

type BacklogRow = Record<keyof Backlog, number | null>

export function createStatisticsStore(statements: Statements): StatisticsStore {
  const { run, dialect } = statements
  return {
    add: createAdd(statements),
    async list(from, to) {
      const { rows } = await run<DailyCount>(
        'SELECT day, name, total AS "count" FROM daily_counts WHERE day >= ? AND day <= ? ORDER BY day, name',
        [from, to],
      )
      return rows.map((row) => ({ ...row }))
    },
    async forgetActive(day, limit) {
      return (await run(dialect.deleteUpTo('daily_users', 'day', limit), [day])).changes
    },
    async totals(since) {
      const { rows } = await run<TotalsRow>(totalsText(since.length), since)
      const { users, bannedUsers, clients, apiKeys, ...more } = rows[0]!
      const newUsers = since.map((_, index) => more[`since${index}`] ?? 0)
      return { users, bannedUsers, newUsers, clients, apiKeys }
    },
    async backlog() {
      const { rows } = await run<BacklogRow>(backlogText, [])
      const { waitingMails, failedMails, oldestMailAt, firstExpiryAt } = rows[0]!
      return {
        waitingMails: waitingMails ?? 0,
        failedMails: failedMails ?? 0,
        oldestMailAt: oldestMailAt ?? undefined,
        firstExpiryAt: firstExpiryAt ?? undefined,
      }
    },
  }
}

/** Rows are written in one order everywhere: two processes then wait for each other and do not lock each other out. */
function createAdd({ transaction, dialect }: Statements): StatisticsStore['add'] {
  const insert = insertInto('daily_counts', ['day', 'name', 'total'])
  const upsert = `${insert} ${dialect.onConflict(['day', 'name'])} total = daily_counts.total + ?`
  const insertActive = createInsertMany('daily_users', ['day', 'user_id'], dialect.insertMissing)

  return async ({ counts, active }) => {
    if (counts.length + active.length === 0) return
    await transaction(async (run) => {
      const all = [...counts]
      for (const [day, people] of Map.groupBy(active, (one) => one.day)) {
        const ids = new Set(people.map(({ userId }) => userId).filter(isId))
        const rows = [...ids].toSorted().map((id) => [day, id])
        all.push({ day, name: activeUsers, count: await insertActive(run, rows) })
      }
      for (const { day, name, count } of summed(all))
        if (count > 0) await run(upsert, [day, name, count, count])
    })
  }
}

/** Each counter once, in order. */
function summed(counts: readonly DailyCount[]): DailyCount[] {
  const byCounter = Map.groupBy(counts, ({ day, name }) => `${day} ${name}`)
  return [...byCounter]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, same]) => ({
      ...same[0]!,
      count: same.reduce((sum, { count }) => sum + count, 0),
    }))
}
