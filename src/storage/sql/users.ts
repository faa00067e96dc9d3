import type { Clock } from '#lib/clock.ts'
import type { NewUser, User, UserStore } from '#storage/users.ts'
import { comparable, isId, isStorable } from './comparable.ts'
import { insertInto } from './sql-text.ts'
import type { Run, Statements } from './statements.ts'

interface Row {
  id: string
  email: string | null
  emailVerified: boolean | number
  username: string | null
  nickname: string | null
  locale: string | null
  createdAt: number
  updatedAt: number
  lastLoginAt: number | null
  loginCount: number
  role: string | null
}

const selected =
  'SELECT u.id, u.email, u.email_verified AS "emailVerified", u.username, u.nickname, u.locale, u.created_at AS "createdAt", u.updated_at AS "updatedAt", u.last_login_at AS "lastLoginAt", u.login_count AS "loginCount", r.role FROM users u LEFT JOIN user_roles r ON r.user_id = u.id'

const texts = {
  findById: `${selected} WHERE u.id = ?`,
  findByEmail: `${selected} WHERE u.email_key = ?`,
  findByUsername: `${selected} WHERE u.username_key = ?`,
  insert: insertInto('users', [
    'id',
    'email',
    'email_key',
    'email_verified',
    'username',
    'username_key',
    'nickname',
    'locale',
    'created_at',
    'updated_at',
    'login_count',
  ]),
  insertPassword: insertInto('passwords', ['user_id', 'hash', 'updated_at']),
  insertRole: insertInto('user_roles', ['user_id', 'role']),
  findPassword: 'SELECT hash FROM passwords WHERE user_id = ?',
  replacePassword: 'UPDATE passwords SET hash = ?, updated_at = ? WHERE user_id = ? AND hash = ?',
  recordLogin: 'UPDATE users SET last_login_at = ?, login_count = login_count + 1 WHERE id = ?',
  anyWithRole: 'SELECT role FROM user_roles WHERE role = ? LIMIT 1',
}

export function createUserStore({ run, transaction }: Statements, now: Clock): UserStore {
  return {
    async create(given) {
      const user = toUser(given, now())
      await transaction((run) => insert(run, user, given.passwordHash))
      return user
    },
    findById: async (id) => (isId(id) ? find(run, texts.findById, id) : undefined),
    async findByIdentifier(identifier) {
      const key = comparable(identifier)
      if (!isStorable(key)) return undefined
      return find(run, key.includes('@') ? texts.findByEmail : texts.findByUsername, key)
    },
    async findPasswordHash(userId) {
      const { rows } = await run<{ hash: string }>(texts.findPassword, [userId])
      return rows[0]?.hash
    },
    // One statement, so that no other can come between the comparison and the write.
    async replacePasswordHash(userId, expected, replacement) {
      const values = [replacement, now(), userId, expected]
      return (await run(texts.replacePassword, values)).changes === 1
    },
    async recordLogin(userId) {
      await run(texts.recordLogin, [now(), userId])
    },
    async anyWithRole(role) {
      return (await run(texts.anyWithRole, [role])).rows.length > 0
    },
  }
}

async function insert(run: Run, user: User, passwordHash: string | undefined): Promise<void> {
  await run(texts.insert, [
    user.id,
    user.email,
    user.email && comparable(user.email),
    user.emailVerified,
    user.username,
    user.username && comparable(user.username),
    user.nickname,
    user.locale,
    user.createdAt,
    user.updatedAt,
    user.loginCount,
  ])
  if (passwordHash !== undefined) {
    await run(texts.insertPassword, [user.id, passwordHash, user.createdAt])
  }
  for (const role of user.roles) await run(texts.insertRole, [user.id, role])
}

async function find(run: Run, sql: string, value: string): Promise<User | undefined> {
  const { rows } = await run<Row>(sql, [value])
  const [row] = rows
  return row && fromRows(row, rows)
}

function toUser(given: NewUser, at: number): User {
  if (given.username !== undefined && comparable(given.username).includes('@')) {
    throw new TypeError('a username cannot contain @')
  }
  return {
    id: given.id,
    email: given.email,
    emailVerified: given.emailVerified ?? false,
    username: given.username,
    nickname: given.nickname,
    locale: given.locale,
    roles: [...new Set(given.roles)].sort(),
    createdAt: at,
    updatedAt: at,
    lastLoginAt: undefined,
    loginCount: 0,
  }
}

/** The user of `row`, with a role from each of `rows`. */
const fromRows = (row: Row, rows: readonly Row[]): User => ({
  id: row.id,
  email: row.email ?? undefined,
  emailVerified: Boolean(row.emailVerified),
  username: row.username ?? undefined,
  nickname: row.nickname ?? undefined,
  locale: row.locale ?? undefined,
  roles: rows.flatMap(({ role }) => role ?? []).sort(),
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
  lastLoginAt: row.lastLoginAt ?? undefined,
  loginCount: row.loginCount,
})
