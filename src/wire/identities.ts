import { z } from 'zod'
import type { Identity } from '#storage/identities.ts'
import { iso } from './pages.ts'

export const identitySchema = z
  .object({
    id: z.string(),
    provider: z.string(),
    app_id: z.string(),
    subject: z.string(),
    email: z.string().nullable(),
    nickname: z.string().nullable(),
    avatar_url: z.string().nullable(),
    created_at: z.iso.datetime(),
    last_used_at: z.iso.datetime(),
  })
  .meta({ id: 'Identity' })

export type WireIdentity = z.infer<typeof identitySchema>

export const identitiesSchema = z.object({ identities: z.array(identitySchema) })

export const presentIdentity = (one: Identity): z.infer<typeof identitySchema> => ({
  id: one.id,
  provider: one.provider,
  app_id: one.appId,
  subject: one.subject,
  email: one.profile.email ?? null,
  nickname: one.profile.nickname ?? null,
  avatar_url: one.profile.avatarUrl ?? null,
  created_at: iso(one.createdAt),
  last_used_at: iso(one.lastUsedAt),
})
