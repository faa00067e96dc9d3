import { DatabaseSync } from 'node:sqlite'
import { createConnection, type RowDataPacket } from 'mysql2/promise'
import { Client } from 'pg'

/** How many rows each table has, by the bare drivers. */
export async function countRows(url: string): Promise<Record<string, number>> {
  const database = await open(url)
  const counts: Record<string, number> = {}
  for (const { name } of await database.query(database.tables)) {
    const [row] = await database.query(`SELECT count(*) AS n FROM ${String(name)}`)
    counts[String(name)] = Number(row?.['n'])
  }
  await database.end()
  return counts
}

interface Reader {
  tables: string
  query(sql: string): Promise<Record<string, unknown>[]>
  end(): unknown
}

async function open(url: string): Promise<Reader> {
  if (url.startsWith('sqlite:')) {
    const database = new DatabaseSync(url.slice('sqlite:'.length), { readOnly: true })
    return {
      tables: "SELECT name FROM sqlite_master WHERE type = 'table'",
      query: async (sql) => database.prepare(sql).all(),
      end: () => database.close(),
    }
  }
  if (url.startsWith('mysql:')) {
    const connection = await createConnection(url)
    return {
      tables:
        'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()',
      query: async (sql) => (await connection.query<RowDataPacket[]>(sql))[0],
      end: () => connection.end(),
    }
  }
  const client = new Client({ connectionString: url })
  await client.connect()
  return {
    tables: "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
    query: async (sql) => (await client.query<Record<string, unknown>>(sql)).rows,
    end: () => client.end(),
  }
}
