import { z } from 'zod'
import { text } from '#http/api.ts'
import type { User, UserChange, UserMetadata } from '#storage/users.ts'
import { isEmail, isNickname, isUsername } from '#users/name-rules.ts'
import { presentUser, userSchema } from '#users/presented.ts'
import { isoOrNull } from './pages.ts'

/** A user as administrators see it. */
export const adminUserSchema = userSchema
  .extend({ banned_at: z.iso.datetime().nullable(), erase_at: z.iso.datetime().nullable() })
  .meta({ id: 'AdminUser' })

export const presentAdminUser = (user: User): z.infer<typeof adminUserSchema> => ({
  ...presentUser(user),
  banned_at: isoOrNull(user.bannedAt),
  erase_at: isoOrNull(user.eraseAt),
})

/** What administrators may write. A field that is left out stays, null empties it, an unknown one is refused. */
export const userBody = z.strictObject({
  email: text(254).refine(isEmail, { error: 'email_invalid' }).nullable().optional(),
  email_verified: z.boolean().optional(),
  username: text(32).refine(isUsername, { error: 'username_invalid' }).nullable().optional(),
  nickname: text(128).refine(isNickname, { error: 'nickname_invalid' }).nullable().optional(),
  phone: text(20)
    .regex(/^\+[1-9]\d{6,14}$/)
    .nullable()
    .optional(),
  avatar_url: z
    .url({ protocol: /^https$/ })
    .max(1024)
    .nullable()
    .optional(),
  locale: text(35)
    .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/)
    .nullable()
    .optional(),
  roles: z.array(text(64)).max(100).optional(),
  metadata: z
    .strictObject({
      public: z.record(text(64), z.unknown()).optional(),
      private: z.record(text(64), z.unknown()).optional(),
    })
    .optional(),
  is_premium: z.boolean().optional().describe('Kept in metadata.private.'),
  points: z.number().optional().describe('Kept in metadata.private.'),
})

export type UserBody = z.infer<typeof userBody>

const fields = {
  email: 'email',
  email_verified: 'emailVerified',
  username: 'username',
  nickname: 'nickname',
  phone: 'phone',
  avatar_url: 'avatarUrl',
  locale: 'locale',
  roles: 'roles',
} as const satisfies Partial<Record<keyof UserBody, keyof UserChange>>

/** The change of the record that a body asks for. An address that is not the same is not confirmed, unless the body says so. */
export function changeOf(body: UserBody, before: Pick<User, 'email' | 'metadata'>): UserChange {
  const given = Object.entries(fields)
    .filter(([wire]) => body[wire as keyof typeof fields] !== undefined)
    .map(([wire, field]) => [field, body[wire as keyof typeof fields] ?? undefined])
  const change = Object.fromEntries(given) as UserChange
  if ('email' in change && change.email?.toLowerCase() !== before.email?.toLowerCase())
    change.emailVerified ??= false
  if (change.roles) change.roles = [...new Set(change.roles)]
  const metadata = metadataOf(body, before.metadata)
  return metadata ? { ...change, metadata } : change
}

function metadataOf(
  { metadata, is_premium, points }: UserBody,
  before: UserMetadata,
): Partial<UserMetadata> | undefined {
  const named = {
    ...(is_premium === undefined ? {} : { is_premium }),
    ...(points === undefined ? {} : { points }),
  }
  const writesPrivate = metadata?.private !== undefined || Object.keys(named).length > 0
  if (metadata?.public === undefined && !writesPrivate) return undefined
  return {
    ...(metadata?.public && { public: metadata.public }),
    ...(writesPrivate && { private: { ...(metadata?.private ?? before.private), ...named } }),
  }
}
