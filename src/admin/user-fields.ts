import { z } from 'zod'
import { text } from '#http/api.ts'
import type { User, UserChange, UserMetadata } from '#storage/users.ts'
import { isEmail } from '#users/name-rules.ts'
import { changeOfNames, profileFields, profileNames, usernameField } from '#users/profile-fields.ts'

/** What administrators may write. A field that is left out stays, null empties it, an unknown one is refused. */
export const userBody = z.strictObject({
  email: text(254).refine(isEmail, { error: 'email_invalid' }).nullable().optional(),
  email_verified: z.boolean().optional(),
  ...profileFields,
  username: usernameField.nullable().optional(),
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

const names = {
  ...profileNames,
  email: 'email',
  email_verified: 'emailVerified',
  roles: 'roles',
} as const satisfies Partial<Record<keyof UserBody, keyof UserChange>>

/** The change of the record that a body asks for. An address that is not the same is not confirmed, unless the body says so. */
export function changeOf(body: UserBody, before: Pick<User, 'email' | 'metadata'>): UserChange {
  const change = changeOfNames(body, names)
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
