/** Users as rows: what is selected and inserted, and how fields become columns and columns fields. */
import type { NewUser, User, UserChange } from '#storage/users.ts'
import { comparable, searchable } from './comparable.ts'
import type { Value } from './dialect.ts'

export interface UserRow {
  id: string
  email: string | null
  emailVerified: boolean | number
  username: string | null
  nickname: string | null
  avatarUrl: string | null
  phone: string | null
  locale: string | null
  metadataPublic: string | null
  metadataPrivate: string | null
  bannedAt: number | null
  eraseAt: number | null
  createdAt: number
  updatedAt: number
  lastLoginAt: number | null
  loginCount: number
  signInEpoch: number
  role: string | null
}

/** One row for each role of a user, or one without: for a FROM in which `u` are users and `r` user_roles. */
export const userColumns =
  'u.id, u.email, u.email_verified AS "emailVerified", u.username, u.nickname, u.avatar_url AS "avatarUrl", u.phone, u.locale, u.metadata_public AS "metadataPublic", u.metadata_private AS "metadataPrivate", u.banned_at AS "bannedAt", u.erase_at AS "eraseAt", u.created_at AS "createdAt", u.updated_at AS "updatedAt", u.last_login_at AS "lastLoginAt", u.login_count AS "loginCount", u.sign_in_epoch AS "signInEpoch", r.role'

type Field = Exclude<keyof UserChange, 'roles' | 'metadataPatch'>
type Columns = Record<string, Value | undefined>

/** What an empty object is stored as: nothing. */
const toJson = (value: Record<string, unknown> | undefined) =>
  value && Object.keys(value).length > 0 ? JSON.stringify(value) : undefined

const columnsOf: Readonly<Record<Field, (user: UserChange) => Columns>> = {
  email: ({ email }) => ({ email, email_key: email && comparable(email) }),
  emailVerified: ({ emailVerified }) => ({ email_verified: emailVerified }),
  username: ({ username }) => ({ username, username_key: username && comparable(username) }),
  nickname: ({ nickname }) => ({ nickname, nickname_key: nickname && searchable(nickname, 512) }),
  avatarUrl: ({ avatarUrl }) => ({ avatar_url: avatarUrl }),
  phone: ({ phone }) => ({ phone }),
  locale: ({ locale }) => ({ locale }),
  metadata: ({ metadata }) => ({
    ...(metadata?.public && { metadata_public: toJson(metadata.public) }),
    ...(metadata?.private && { metadata_private: toJson(metadata.private) }),
  }),
  bannedAt: ({ bannedAt }) => ({ banned_at: bannedAt }),
  eraseAt: ({ eraseAt }) => ({ erase_at: eraseAt }),
}

/** The columns, always in one order, that hold the fields which `change` has. */
export function toColumns(change: UserChange): Columns {
  const columns: Columns = {}
  for (const [field, write] of Object.entries(columnsOf)) {
    if (field in change) Object.assign(columns, write(change))
  }
  return columns
}

/** What an INSERT of a user writes; for every user of `toUser` the same columns in the same order. */
export const toInsertedColumns = (user: User): Columns => ({
  id: user.id,
  ...toColumns(user),
  created_at: user.createdAt,
  updated_at: user.updatedAt,
  login_count: user.loginCount,
})

/** An `@` would let one text mean two people. */
export function requireUsername(username: string | undefined): void {
  if (username !== undefined && comparable(username).includes('@')) {
    throw new TypeError('a username cannot contain @')
  }
}

export function toUser(given: NewUser, at: number): User {
  requireUsername(given.username)
  return {
    id: given.id,
    email: given.email,
    emailVerified: given.emailVerified ?? false,
    username: given.username,
    nickname: given.nickname,
    avatarUrl: given.avatarUrl,
    phone: given.phone,
    locale: given.locale,
    roles: [...new Set(given.roles)].sort(),
    metadata: given.metadata ?? { public: {}, private: {} },
    bannedAt: given.bannedAt,
    eraseAt: undefined,
    createdAt: given.createdAt ?? at,
    updatedAt: at,
    lastLoginAt: undefined,
    loginCount: 0,
    signInEpoch: 0,
  }
}

/** The user of `row`, with a role from each of `rows`. */
export const fromRows = (row: UserRow, rows: readonly UserRow[]): User => ({
  id: row.id,
  email: row.email ?? undefined,
  emailVerified: Boolean(row.emailVerified),
  username: row.username ?? undefined,
  nickname: row.nickname ?? undefined,
  avatarUrl: row.avatarUrl ?? undefined,
  phone: row.phone ?? undefined,
  locale: row.locale ?? undefined,
  roles: rows.flatMap(({ role }) => role ?? []).sort(),
  metadata: {
    public: JSON.parse(row.metadataPublic ?? '{}'),
    private: JSON.parse(row.metadataPrivate ?? '{}'),
  },
  bannedAt: row.bannedAt ?? undefined,
  eraseAt: row.eraseAt ?? undefined,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
  lastLoginAt: row.lastLoginAt ?? undefined,
  loginCount: row.loginCount,
  signInEpoch: row.signInEpoch,
})
