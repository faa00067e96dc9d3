import { z } from 'zod'
import type { User } from '#storage/users.ts'
import { iso, isoOrNull, nextCursor } from './pages.ts'

/** A user as the JSON API shows it to its owner and to administrators. */
export const userSchema = z
  .object({
    id: z.string(),
    username: z.string().nullable(),
    email: z.string().nullable(),
    email_verified: z.boolean(),
    phone: z.string().nullable(),
    nickname: z.string().nullable(),
    avatar_url: z.string().nullable(),
    locale: z.string().nullable(),
    roles: z.array(z.string()),
    is_active: z.boolean(),
    is_premium: z.boolean(),
    points: z.number(),
    metadata: z.object({
      public: z.record(z.string(), z.unknown()),
      private: z.record(z.string(), z.unknown()),
    }),
    identities: z
      .array(z.unknown())
      .describe('Only at /users/me and in the export; empty elsewhere.'),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
    last_login_at: z.iso.datetime().nullable(),
    login_count: z.int(),
  })
  .meta({ id: 'User' })

export type WireUser = z.infer<typeof userSchema>

/** `is_premium` and `points` are read from `metadata.private`, where administrators keep what is the business's. */
export function presentUser(user: User, identities: unknown[] = []): WireUser {
  const { is_premium: isPremium, points } = user.metadata.private
  return {
    id: user.id,
    username: user.username ?? null,
    email: user.email ?? null,
    email_verified: user.emailVerified,
    phone: user.phone ?? null,
    nickname: user.nickname ?? null,
    avatar_url: user.avatarUrl ?? null,
    locale: user.locale ?? null,
    roles: user.roles,
    is_active: user.bannedAt === undefined,
    is_premium: isPremium === true,
    points: typeof points === 'number' ? points : 0,
    metadata: user.metadata,
    identities,
    created_at: iso(user.createdAt),
    updated_at: iso(user.updatedAt),
    last_login_at: user.lastLoginAt === undefined ? null : iso(user.lastLoginAt),
    login_count: user.loginCount,
  }
}

/** A user as administrators see it. */
export const adminUserSchema = userSchema
  .extend({ banned_at: z.iso.datetime().nullable(), erase_at: z.iso.datetime().nullable() })
  .meta({ id: 'AdminUser' })

export const presentAdminUser = (user: User): z.infer<typeof adminUserSchema> => ({
  ...presentUser(user),
  banned_at: isoOrNull(user.bannedAt),
  erase_at: isoOrNull(user.eraseAt),
})

export type WireAdminUser = z.infer<typeof adminUserSchema>

export const userPageSchema = z.object({
  users: z.array(adminUserSchema),
  next_cursor: nextCursor,
})
