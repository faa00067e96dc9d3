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
  is_premium: z.boolean().optional().describe('Stored in metadata.private.'),
  points: z.number().optional().describe('Stored in metadata.private.'),
})

export type UserBody = z.infer<typeof userBody>

/** All of it, in the place of what is there. */
export const wholeUserBody = userBody.required({
  email: true,
  email_verified: true,
  username: true,
  nickname: true,
  phone: true,
  avatar_url: true,
  locale: true,
  roles: true,
  metadata: true,
})

const names = {
  ...profileNames,
  email: 'email',
  email_verified: 'emailVerified',
  roles: 'roles',
} as const satisfies Partial<Record<keyof UserBody, keyof UserChange>>

/** The change of the record that a body asks for. An address that is not the same is not confirmed, unless the body says so. */
export function changeOf(body: UserBody, before: Pick<User, 'email'>): UserChange {
  const change = changeOfNames(body, names)
  if ('email' in change && change.email?.toLowerCase() !== before.email?.toLowerCase())
    change.emailVerified ??= false
  if (change.roles) change.roles = [...new Set(change.roles)]
  return { ...change, ...metadataOf(body) }
}

/** The same for a body that is all of the record: metadata that it does not have goes. */
export function replacementOf(
  body: UserBody,
  before: Pick<User, 'email'>,
): UserChange & { metadata: UserMetadata } {
  const { metadataPatch, ...change } = changeOf(body, before)
  return { ...change, metadata: { public: {}, private: {}, ...metadataPatch } }
}

/** `is_premium` and `points` are members of `metadata.private`. */
function metadataOf({ metadata = {}, is_premium, points }: UserBody): UserChange {
  const named = {
    ...(is_premium === undefined ? {} : { is_premium }),
    ...(points === undefined ? {} : { points }),
  }
  const { private: own } = metadata
  const writesPrivate = own !== undefined || Object.keys(named).length > 0
  return {
    metadataPatch: {
      ...(metadata.public && { public: metadata.public }),
      ...(writesPrivate && { private: { ...own, ...named } }),
    },
  }
}
