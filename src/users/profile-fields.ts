import { z } from 'zod'
import { text } from '#http/api.ts'
import type { UserChange } from '#storage/users.ts'
import { isNickname, isUsername } from './name-rules.ts'

/** What of a user can be written through the JSON API, by its owner and by administrators alike. */
export const usernameField = text(32).refine(isUsername, { error: 'username_invalid' })

/** A field that is left out stays, null empties it. */
export const profileFields = {
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
}

/** Name in a body → name in the record. */
export const profileNames = {
  username: 'username',
  nickname: 'nickname',
  phone: 'phone',
  avatar_url: 'avatarUrl',
  locale: 'locale',
} as const satisfies Record<string, keyof UserChange>

/** The change that a body asks for, as far as these names go. */
export function changeOfNames(
  body: Readonly<Record<string, unknown>>,
  names: Readonly<Record<string, keyof UserChange>>,
): UserChange {
  const given = Object.entries(names).filter(([wire]) => body[wire] !== undefined)
  return Object.fromEntries(given.map(([wire, name]) => [name, body[wire] ?? undefined]))
}
