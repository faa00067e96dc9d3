import { z } from 'zod'

const count = z.int().min(0)

export const statsSchema = z
  .object({
    totals: z.object({
      users: count,
      active_users: count.describe('Users who are not banned.'),
      banned_users: count,
      new_users: z.object({ last_24_hours: count, last_7_days: count, last_30_days: count }),
      clients: count,
      sessions: count.describe('Signed-in browsers.'),
      refresh_tokens: count.describe('Refresh tokens that can still be used.'),
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
          active_users: count.describe('Distinct users who signed in or got a token.'),
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
      .describe('The slowest routes of the process that answers, since its start.'),
  })
  .meta({ id: 'Statistics' })

export type WireStats = z.infer<typeof statsSchema>
