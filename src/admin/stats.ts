import { z } from 'zod'
import type { ReadStatistics, Statistics } from '#audit/statistics.ts'
import { route, type ApiRoute } from '#http/api.ts'

/** `/admin/stats`: how much there is, what happened by the day, and what takes long. */
export interface StatsParts {
  statistics: ReadStatistics
}

const count = z.int().min(0)

const statsSchema = z
  .object({
    totals: z.object({
      users: count,
      active_users: count.describe('Those who are not banned.'),
      banned_users: count,
      new_users: z.object({ last_24_hours: count, last_7_days: count, last_30_days: count }),
      clients: count,
      sessions: count.describe('Browsers that are signed in.'),
      refresh_tokens: count.describe('Those that can still be spent.'),
      api_keys: count,
      mails: z.object({ waiting: count, failed: count }),
    }),
    days: z
      .array(
        z.object({
          day: z.iso.date(),
          sign_ins: count,
          failed_sign_ins: count,
          registrations: count,
          active_users: count.describe('Distinct people who signed in or got a token.'),
          tokens: z.record(z.string(), count).describe('By grant type.'),
        }),
      )
      .describe('Oldest first, today last; days in UTC.'),
    operations: z
      .array(
        z.object({
          method: z.string(),
          route: z.string(),
          count,
          p50_ms: z.number(),
          p95_ms: z.number(),
          p99_ms: z.number(),
        }),
      )
      .describe('The slowest routes of the process that answers, since it started.'),
  })
  .meta({ id: 'Statistics' })

const query = z.object({
  days: z.coerce
    .number()
    .pipe(z.int().min(1).max(90))
    .default(30)
    .describe('How many days, today included.'),
})

export const statsRoutes = ({ statistics }: StatsParts): ApiRoute[] => [
  route({
    tag: 'admin stats',
    access: { scope: 'admin:stats' },
    method: 'get',
    path: '/admin/stats',
    summary: 'Totals, the last days in numbers, and the slowest routes.',
    query,
    answer: { status: 200, description: 'The numbers.', schema: statsSchema },
    handle: async ({ query: { days } }) => presentStatistics(await statistics(days)),
  }),
]

const mostOperations = 20

const presentStatistics = ({
  totals,
  days,
  operations,
}: Statistics): z.infer<typeof statsSchema> => ({
  totals: {
    users: totals.users,
    active_users: totals.activeUsers,
    banned_users: totals.bannedUsers,
    new_users: {
      last_24_hours: totals.newUsers.day,
      last_7_days: totals.newUsers.week,
      last_30_days: totals.newUsers.month,
    },
    clients: totals.clients,
    sessions: totals.sessions,
    refresh_tokens: totals.refreshTokens,
    api_keys: totals.apiKeys,
    mails: { waiting: totals.waitingMails, failed: totals.failedMails },
  },
  days: days.map((one) => ({
    day: one.day,
    sign_ins: one.signIns,
    failed_sign_ins: one.failedSignIns,
    registrations: one.registrations,
    active_users: one.activeUsers,
    tokens: one.tokens,
  })),
  operations: operations.slice(0, mostOperations).map(({ p50, p95, p99, ...one }) => ({
    ...one,
    p50_ms: p50,
    p95_ms: p95,
    p99_ms: p99,
  })),
})
