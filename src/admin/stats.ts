import { z } from 'zod'
import type { ReadStatistics, Statistics } from '#audit/statistics.ts'
import { route, type ApiRoute } from '#http/api.ts'
import { statsSchema } from '#wire/stats.ts'

/** `/admin/stats`: how much there is, what happened by the day, and what takes long. */
export interface StatsParts {
  statistics: ReadStatistics
}

const query = z.object({
  days: z.coerce
    .number()
    .pipe(z.int().min(1).max(90))
    .default(30)
    .describe('Number of days, including today.'),
})

export const statsRoutes = ({ statistics }: StatsParts): ApiRoute[] => [
  route({
    tag: 'admin stats',
    access: { scope: 'admin:stats' },
    method: 'get',
    path: '/admin/stats',
    summary: 'Get totals, daily figures and the slowest routes.',
    query,
    answer: { status: 200, description: 'The figures.', schema: statsSchema },
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
