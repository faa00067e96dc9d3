import type { Clock } from '#lib/clock.ts'
import type { Client, ClientStore } from '#storage/clients.ts'
import { AlreadyExists } from '#storage/errors.ts'
import { comparable, containing, isId, isStorable, searchable } from './comparable.ts'
import { readPage, type Condition } from './pages.ts'
import { insertInto } from './sql-text.ts'
import type { Run } from './run.ts'
import type { Statements } from './statements.ts'

interface Row {
  id: string
  metadata: string
  secretHashes: string
  createdAt: number
  updatedAt: number
}

const columns = ['metadata', 'name_key', 'secret_hashes', 'created_at', 'updated_at']

const selected =
  'SELECT id, metadata, secret_hashes AS "secretHashes", created_at AS "createdAt", updated_at AS "updatedAt" FROM clients'

const texts = {
  find: `${selected} WHERE id = ?`,
  insert: insertInto('clients', ['id', ...columns]),
  remove: 'DELETE FROM clients WHERE id = ?',
}

export function createClientStore({ run, dialect }: Statements, now: Clock): ClientStore {
  const put = dialect.upsert('clients', { keys: ['id'], columns, kept: ['created_at'] })

  const valuesOf = (client: Parameters<ClientStore['put']>[0]) => {
    const { id, metadata, secretHashes } = client
    const { client_name: name } = metadata
    const nameKey = typeof name === 'string' ? searchable(name, 512) : undefined
    const at = now()
    return [id, JSON.stringify(metadata), nameKey, JSON.stringify(secretHashes), at, at]
  }

  const find: ClientStore['find'] = async (id) => {
    if (!isId(id)) return undefined
    const { rows } = await run<Row>(texts.find, [id])
    return rows[0] && fromRow(rows[0])
  }

  return {
    find,
    async put(client) {
      await run(put, valuesOf(client))
    },
    async putIfAbsent(client) {
      // Asked first, since PostgreSQL writes every refused INSERT to its log, and each start registers the same clients.
      if (await find(client.id)) return false
      try {
        await run(texts.insert, valuesOf(client))
        return true
      } catch (error) {
        if (error instanceof AlreadyExists) return false
        throw error
      }
    },
    list: (page) => list(run, page),
    async remove(id) {
      return isId(id) && (await run(texts.remove, [id])).changes === 1
    },
  }
}

async function list(
  run: Run,
  { q, limit, cursor }: Parameters<ClientStore['list']>[0],
): ReturnType<ClientStore['list']> {
  const key = comparable(q ?? '')
  // What no column can hold matches nothing, and is too long a pattern for SQLite.
  if (!isStorable(key) || key.length > 600) return { clients: [], next: undefined }
  const where: Condition[] = []
  if (key !== '') {
    const pattern = containing(key)
    // No id holds other characters, and MySQL would not compare them; '' is like nothing but itself.
    const values = [isId(key) ? pattern : '', pattern]
    where.push(["LOWER(id) LIKE ? ESCAPE '!' OR name_key LIKE ? ESCAPE '!'", ...values])
  }
  const query = { select: selected, where, limit, cursor }
  const { rows, next } = await readPage<Row>(run, query, (row) => [row.createdAt, row.id])
  return { clients: rows.map(fromRow), next }
}

const fromRow = (row: Row): Client => ({
  id: row.id,
  metadata: JSON.parse(row.metadata),
  secretHashes: JSON.parse(row.secretHashes),
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
})
