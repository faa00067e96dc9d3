import type { Clock } from '#lib/clock.ts'
import type { Client, ClientStore } from '#storage/clients.ts'
import { AlreadyExists } from '#storage/errors.ts'
import { isId } from './comparable.ts'
import { insertInto } from './sql-text.ts'
import type { Statements } from './statements.ts'

interface Row {
  id: string
  metadata: string
  secretHashes: string
  createdAt: number
  updatedAt: number
}

const columns = ['metadata', 'secret_hashes', 'created_at', 'updated_at']

const texts = {
  find: 'SELECT id, metadata, secret_hashes AS "secretHashes", created_at AS "createdAt", updated_at AS "updatedAt" FROM clients WHERE id = ?',
  insert: insertInto('clients', ['id', ...columns]),
  remove: 'DELETE FROM clients WHERE id = ?',
}

export function createClientStore({ run, dialect }: Statements, now: Clock): ClientStore {
  const put = dialect.upsert('clients', { keys: ['id'], columns, kept: ['created_at'] })

  const valuesOf = (client: Parameters<ClientStore['put']>[0]) => {
    const at = now()
    return [client.id, JSON.stringify(client.metadata), JSON.stringify(client.secretHashes), at, at]
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
    async remove(id) {
      if (isId(id)) await run(texts.remove, [id])
    },
  }
}

const fromRow = (row: Row): Client => ({
  id: row.id,
  metadata: JSON.parse(row.metadata),
  secretHashes: JSON.parse(row.secretHashes),
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
})
