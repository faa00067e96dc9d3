import { z } from 'zod'
import { text } from '#http/api.ts'
import { newId } from '#lib/ids.ts'
import type { NewUser } from '#storage/users.ts'
import { importedScheme } from '#users/imported-hashes.ts'
import { isEmail, isNickname, isUsername } from '#users/name-rules.ts'

/** What one record of the file says about a person, by the names of docs/migrate.md. */
export type Row = Record<string, unknown>

export interface RowContext {
  /** Names of the roles that there are. */
  roles: ReadonlySet<string>
  now: number
}

/** The user that the row describes, or why it describes none: codes such as `email_invalid`. */
export function userOf(row: Row, { roles, now }: RowContext): NewUser | { reasons: string[] } {
  const parsed = rowSchema.safeParse(row)
  if (!parsed.success) {
    return {
      reasons: [...new Set(parsed.error.issues.map(({ path }) => `${String(path[0])}_invalid`))],
    }
  }
  const given = parsed.data
  const reasons = [
    ...(given.email === undefined && given.username === undefined ? ['identifier_missing'] : []),
    ...((given.roles ?? []).every((role) => roles.has(role)) ? [] : ['role_unknown']),
    ...((given.created_at ?? 0) > now + day ? ['created_at_invalid'] : []),
  ]
  if (reasons.length > 0) return { reasons }
  const isBanned = given.banned === true || given.is_active === false
  return {
    id: newId(),
    email: given.email,
    emailVerified: given.email !== undefined && given.email_verified,
    username: given.username,
    nickname: given.nickname,
    phone: given.phone,
    avatarUrl: given.avatar_url,
    locale: given.locale,
    roles: given.roles,
    passwordHash: given.password_hash,
    createdAt: given.created_at,
    bannedAt: isBanned ? now : undefined,
    metadata: metadataOf(given),
  }
}

/** The id that the person had before; undefined when the file has none. */
export const legacyIdOf = ({ metadata }: Pick<NewUser, 'metadata'>): unknown =>
  metadata?.private['legacy_id']

const day = 86_400_000

const filled = (schema: z.ZodType<string, string>) => z.string().trim().pipe(schema).optional()

/** As data bases and spreadsheets write them. */
const flag = z
  .union([
    z.boolean(),
    z.union([z.literal(0), z.literal(1)]).transform((value) => value === 1),
    z
      .string()
      .toLowerCase()
      .pipe(z.enum(['true', 't', 'yes', 'y', '1', 'false', 'f', 'no', 'n', '0']))
      .transform((word) => ['true', 't', 'yes', 'y', '1'].includes(word)),
  ])
  .optional()

const names = z.array(text(64).min(1)).max(100)

const object = z.record(z.string(), z.unknown())
const json = z.string().transform((value, context): unknown => {
  try {
    return JSON.parse(value) as unknown
  } catch {
    context.addIssue({ code: 'custom' })
    return z.NEVER
  }
})

const rowSchema = z.object({
  id: z.union([z.string(), z.number()]).transform(String).pipe(text(255)).optional(),
  email: filled(text(254).refine(isEmail)),
  email_verified: flag,
  username: filled(z.string().refine(isUsername)),
  nickname: filled(text(255).refine(isNickname)),
  phone: z
    .string()
    .transform((value) => value.replaceAll(/[\s().-]/g, ''))
    .pipe(z.string().regex(/^\+[1-9]\d{6,14}$/))
    .optional(),
  avatar_url: filled(text(1024).pipe(z.url({ protocol: /^https$/ }))),
  locale: z
    .string()
    .transform((value) => value.trim().replaceAll('_', '-'))
    .pipe(
      z
        .string()
        .max(35)
        .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/),
    )
    .optional(),
  roles: z
    .union([
      names,
      z
        .string()
        .transform((list) =>
          list
            .split(';')
            .map((name) => name.trim())
            .filter(Boolean),
        )
        .pipe(names),
    ])
    .optional(),
  password_hash: z
    .string()
    .transform(canonicalHash)
    .refine((hash) => importedScheme(hash) !== undefined)
    .optional(),
  created_at: z.union([z.number(), z.string()]).transform(timeOf).pipe(z.int().min(0)).optional(),
  is_active: flag,
  banned: flag,
  metadata: z.union([object, json.pipe(object)]).optional(),
})

/** Every field that a row may have. */
export const rowFields: readonly string[] = Object.keys(rowSchema.shape)

/** Django writes the name of its own hasher before a hash that has a form of its own. */
function canonicalHash(hash: string): string {
  return hash.replace(/^argon2(?=\$argon2)|^bcrypt\$(?=\$2)/, '')
}

/** Milliseconds since the epoch, of a date (ISO 8601, or as SQL writes it; UTC unless it says) or a number (seconds, or milliseconds). */
function timeOf(value: number | string): number {
  if (typeof value === 'number' || /^\d{1,16}(\.\d*)?$/.test(value)) {
    const number = Number(value)
    return Math.round(number < 1e11 ? number * 1000 : number)
  }
  const found =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?) ?(Z|UTC|[+-]\d\d(?::?\d\d)?)?)?$/i.exec(
      value.trim(),
    )
  if (!found) return Number.NaN
  const [, date, time = '00:00', zone = 'Z'] = found
  const offset = /^(Z|UTC)$/i.test(zone)
    ? 'Z'
    : `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}`
  return Date.parse(`${date}T${time}${offset}`)
}

/** What is not marked as public is the administrators'. */
function metadataOf({ id, metadata = {} }: z.infer<typeof rowSchema>): NewUser['metadata'] {
  const isSplit = Object.keys(metadata).every(
    (key) => ['public', 'private'].includes(key) && object.safeParse(metadata[key]).success,
  )
  const { public: open = {}, private: closed = {} } = (
    isSplit ? metadata : { private: metadata }
  ) as Partial<NonNullable<NewUser['metadata']>>
  return { public: open, private: id === undefined ? closed : { ...closed, legacy_id: id } }
}
