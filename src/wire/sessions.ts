import { z } from 'zod'

const fields = {
  id: z.string(),
  kind: z.enum(['browser', 'app']),
  client_id: z.string().nullable(),
  client_name: z.string().nullable(),
  address: z.string().nullable(),
  agent: z.string().nullable(),
  last_seen_at: z.iso.datetime().nullable(),
  expires_at: z.iso.datetime().nullable(),
}

/** Where a person is signed in, as administrators see it. */
export const adminSessionSchema = z.object(fields).meta({ id: 'AdminSession' })

/** The same, as the person sees it. */
export const sessionSchema = z
  .object({ ...fields, is_current: z.boolean() })
  .meta({ id: 'Session' })

export type WireSession = z.infer<typeof sessionSchema>
export type WireAdminSession = z.infer<typeof adminSessionSchema>

export const sessionsSchema = z.object({ sessions: z.array(sessionSchema) })
export const adminSessionsSchema = z.object({ sessions: z.array(adminSessionSchema) })
