import { z } from 'zod'
import { isCurrent, type CurrentSignIn, type SignedIn } from './sessions.ts'

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

export const presentAdminSession = (one: SignedIn): z.infer<typeof adminSessionSchema> => ({
  id: one.id,
  kind: one.kind,
  client_id: one.clientId ?? null,
  client_name: one.clientName ?? null,
  address: one.address ?? null,
  agent: one.agent ?? null,
  last_seen_at: isoOrNull(one.lastSeenAt),
  expires_at: isoOrNull(one.expiresAt),
})

/** `current`: whence the request comes. */
export const presentSession = (
  one: SignedIn,
  current: CurrentSignIn,
): z.infer<typeof sessionSchema> => ({
  ...presentAdminSession(one),
  is_current: isCurrent(one, current),
})

const isoOrNull = (time: number | undefined): string | null =>
  time === undefined ? null : new Date(time).toISOString()
