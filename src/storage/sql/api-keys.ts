import type { Clock } from '#lib/clock.ts'
import type { ApiKey, ApiKeyStore } from '#storage/api-keys.ts'
import { isId } from './comparable.ts'
import { holdUser } from './hold-user.ts'
import { readPage } from './pages.ts'
import { insertInto } from './sql-text.ts'
import type { Statements } from './statements.ts'

interface Row {
  id: string
  userId: string
  name: string
  hash: string
  scopes: string
  createdAt: number
  expiresAt: number | null
  lastUsedAt: number | null
}

const selected =
  'SELECT id, user_id AS "userId", name, hash, scopes, created_at AS "createdAt", expires_at AS "expiresAt", last_used_at AS "lastUsedAt" FROM api_keys'

const texts = {
  insert: insertInto('api_keys', [
    'id',
    'user_id',
    'name',
    'hash',
    'scopes',
    'created_at',
    'expires_at',
    'last_used_at',
  ]),
  find: `${selected} WHERE id = ?`,
  listByUser: `${selected} WHERE user_id = ? ORDER BY created_at DESC, id DESC`,
  recordUse:
    'UPDATE api_keys SET last_used_at = ? WHERE id = ? AND (last_used_at IS NULL OR last_used_at <= ?)',
  remove: 'DELETE FROM api_keys WHERE id = ?',
  removeOfUser: 'DELETE FROM api_keys WHERE id = ? AND user_id = ?',
}

export function createApiKeyStore({ run, transaction }: Statements, now: Clock): ApiKeyStore {
  return {
    async create(key, epoch) {
      if (epoch === undefined) await run(texts.insert, valuesOf(key))
      else
        await transaction(async (run) => {
          await holdUser(run, key.userId, epoch)
          await run(texts.insert, valuesOf(key))
        })
    },
    async find(id) {
      if (!isId(id)) return undefined
      const { rows } = await run<Row>(texts.find, [id])
      return rows[0] && fromRow(rows[0])
    },
    async listByUser(userId) {
      if (!isId(userId)) return []
      return (await run<Row>(texts.listByUser, [userId])).rows.map(fromRow)
    },
    async list({ limit, cursor }) {
      const query = { select: selected, where: [], limit, cursor }
      const { rows, next } = await readPage<Row>(run, query, (row) => [row.createdAt, row.id])
      return { keys: rows.map(fromRow), next }
    },
    async recordUse(id, quietMs) {
      const at = now()
      if (isId(id)) await run(texts.recordUse, [at, id, at - quietMs])
    },
    async remove(id, userId) {
      if (!isId(id) || (userId !== undefined && !isId(userId))) return false
      const ofUser = userId === undefined ? [] : [userId]
      const sql = userId === undefined ? texts.remove : texts.removeOfUser
      const { changes } = await run(sql, [id, ...ofUser])
      return changes === 1
    },
  }
}

const valuesOf = (key: ApiKey) => [
  key.id,
  key.userId,
  key.name,
  key.hash,
  JSON.stringify(key.scopes),
  key.createdAt,
  key.expiresAt,
  key.lastUsedAt,
]

const fromRow = (row: Row): ApiKey => ({
  id: row.id,
  userId: row.userId,
  name: row.name,
  hash: row.hash,
  scopes: JSON.parse(row.scopes),
  createdAt: row.createdAt,
  expiresAt: row.expiresAt ?? undefined,
  lastUsedAt: row.lastUsedAt ?? undefined,
})
