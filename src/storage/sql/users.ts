import type { Clock } from '#lib/clock.ts'
import { mergePatch } from '#lib/merge-patch.ts'
import {
  administratorRole,
  type User,
  type UserChange,
  type UserMetadata,
  type UserStore,
} from '#storage/users.ts'
import { keepingAnAdministrator } from './administrators.ts'
import { comparable, isId, isStorable } from './comparable.ts'
import { holdUser } from './hold-user.ts'
import type { Run } from './run.ts'
import type { Statements } from './statements.ts'
import { insert, insertMany } from './user-inserts.ts'
import { listUsers } from './user-list.ts'
import { fromRows, requireUsername, toColumns, toUser, userColumns } from './user-rows.ts'
import type { UserRow } from './user-rows.ts'

const selected = `SELECT ${userColumns} FROM users u LEFT JOIN user_roles r ON r.user_id = u.id`

const texts = {
  findById: `${selected} WHERE u.id = ?`,
  findSignInEpoch: 'SELECT sign_in_epoch AS "epoch" FROM users WHERE id = ?',
  findByEmail: `${selected} WHERE u.email_key = ?`,
  findByUsername: `${selected} WHERE u.username_key = ?`,
  remove: 'DELETE FROM users WHERE id = ?',
  removeRoles: 'DELETE FROM user_roles WHERE user_id = ?',
  insertRole: 'INSERT INTO user_roles (user_id, role) VALUES (?, ?)',
  findDueForErase: 'SELECT id FROM users WHERE erase_at <= ? ORDER BY erase_at LIMIT ?',
  findPassword: 'SELECT hash FROM passwords WHERE user_id = ?',
  replacePassword: 'UPDATE passwords SET hash = ?, updated_at = ? WHERE user_id = ? AND hash = ?',
  removePassword: 'DELETE FROM passwords WHERE user_id = ?',
  recordLogin: 'UPDATE users SET last_login_at = ?, login_count = login_count + 1 WHERE id = ?',
  anyWithRole: 'SELECT role FROM user_roles WHERE role = ? LIMIT 1',
}

export function createUserStore(statements: Statements, now: Clock): UserStore {
  const { run, transaction } = statements
  const toInsertion = (given: Parameters<UserStore['create']>[0]) => ({
    user: toUser(given, now()),
    passwordHash: given.passwordHash,
  })
  return {
    async create(given) {
      const insertion = toInsertion(given)
      await transaction((run) => insert(run, [insertion]))
      return insertion.user
    },
    createMany: async (given) => insertMany(statements, given.map(toInsertion)),
    findById: async (id) => (isId(id) ? find(run, texts.findById, id) : undefined),
    async findSignInEpoch(id) {
      if (!isId(id)) return undefined
      return (await run<{ epoch: number }>(texts.findSignInEpoch, [id])).rows[0]?.epoch
    },
    async findByIdentifier(identifier) {
      const key = comparable(identifier)
      if (!isStorable(key)) return undefined
      return find(run, key.includes('@') ? texts.findByEmail : texts.findByUsername, key)
    },
    list: (filter) => listUsers(run, filter),
    ...createChanges(statements, now),
    ...createPasswords(statements, now),
    async recordLogin(userId) {
      if (isId(userId)) await run(texts.recordLogin, [now(), userId])
    },
    async anyWithRole(role) {
      return isStorable(role) && (await run(texts.anyWithRole, [role])).rows.length > 0
    },
  }
}

function createChanges(
  { run, transaction }: Statements,
  now: Clock,
): Pick<UserStore, 'update' | 'remove' | 'findDueForErase'> {
  return {
    async update(id, change) {
      requireUsername(change.username)
      if (!isId(id)) return undefined
      return transaction((run) => update(run, id, { change, at: now() }))
    },
    async remove(id) {
      if (!isId(id)) return false
      return transaction((run) =>
        keepingAnAdministrator(run, async () => (await run(texts.remove, [id])).changes === 1),
      )
    },
    async findDueForErase(limit) {
      // The limit as text, as in pages.ts.
      const { rows } = await run<{ id: string }>(texts.findDueForErase, [now(), String(limit)])
      return rows.map(({ id }) => id)
    },
  }
}

function createPasswords(
  { run, transaction, dialect }: Statements,
  now: Clock,
): Pick<UserStore, 'findPasswordHash' | 'replacePasswordHash' | 'setPasswordHash'> {
  const put = dialect.upsert('passwords', { keys: ['user_id'], columns: ['hash', 'updated_at'] })
  return {
    async findPasswordHash(userId) {
      if (!isId(userId)) return undefined
      const { rows } = await run<{ hash: string }>(texts.findPassword, [userId])
      return rows[0]?.hash
    },
    // One statement, so that no other can come between the comparison and the write.
    async replacePasswordHash(userId, expected, replacement) {
      if (!isId(userId)) return false
      const values = [replacement, now(), userId, expected]
      return (await run(texts.replacePassword, values)).changes === 1
    },
    async setPasswordHash(userId, hash) {
      if (!isId(userId)) return
      if (hash === undefined) {
        await run(texts.removePassword, [userId])
        return
      }
      await transaction(async (run) => {
        // A password of no one would be refused; someone who is being removed waits until it is written, and takes it along.
        if (await holdUser(run, userId)) await run(put, [userId, hash, now()])
      })
    },
  }
}

async function update(
  run: Run,
  id: string,
  { change, at }: { change: UserChange; at: number },
): Promise<User | undefined> {
  const write = async (): Promise<User | undefined> => {
    const metadata = change.metadataPatch && (await patched(run, id, change.metadataPatch))
    const columns = { ...toColumns({ ...change, ...(metadata && { metadata }) }), updated_at: at }
    const sets = Object.keys(columns).map((column) => `${column} = ?`)
    // First, because it makes others who change this user wait: their roles must not mix with ours.
    const sql = `UPDATE users SET ${sets.join(', ')} WHERE id = ?`
    if ((await run(sql, [...Object.values(columns), id])).changes === 0) return undefined
    if (change.roles) {
      await run(texts.removeRoles, [id])
      for (const role of new Set(change.roles)) await run(texts.insertRole, [id, role])
    }
    return find(run, texts.findById, id)
  }
  return mayTakeAnAdministrator(change) ? keepingAnAdministrator(run, write) : write()
}

/** The metadata that a patch makes of what is there; no one else changes it meanwhile. */
async function patched(
  run: Run,
  id: string,
  patch: Partial<UserMetadata>,
): Promise<Partial<UserMetadata>> {
  await holdUser(run, id)
  const { metadata } = (await find(run, texts.findById, id)) ?? {}
  return {
    ...(patch.public && { public: mergePatch(metadata?.public, patch.public) }),
    ...(patch.private && { private: mergePatch(metadata?.private, patch.private) }),
  }
}

const mayTakeAnAdministrator = ({ roles, bannedAt, eraseAt }: UserChange): boolean =>
  (roles !== undefined && !roles.includes(administratorRole)) ||
  bannedAt !== undefined ||
  eraseAt !== undefined

async function find(run: Run, sql: string, value: string): Promise<User | undefined> {
  const { rows } = await run<UserRow>(sql, [value])
  const [row] = rows
  return row && fromRows(row, rows)
}
