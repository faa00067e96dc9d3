import { readFile, readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Redis } from 'ioredis'
import { createConnection, type RowDataPacket } from 'mysql2/promise'
import { Client } from 'pg'
import type { Fixture } from '../support/start.ts'

/** Everything that a thief of the storage would hold. */
export interface Dump {
  /** The raw text of it all; in SQLite also what the files still hold of rows that are gone. */
  text: string
  /** Every value by itself: columns, keys, fields. */
  values: string[]
}

/** Reads every table and, with Redis, every key, by the bare drivers and not by our own code. */
export async function dumpStorage({ config }: Fixture): Promise<Dump> {
  const rows = await rowsOf(config.DATABASE_URL)
  const redis = config.REDIS_URL ? await redisOf(config.REDIS_URL, config.REDIS_PREFIX) : []
  const values = [...rows.flatMap((row) => Object.values(row).map(String)), ...redis]
  const files = config.DATABASE_URL.startsWith('sqlite:') ? await filesOf(config.DATABASE_URL) : ''
  return { text: `${values.join('\n')}\n${files}`, values }
}

type Row = Record<string, unknown>

async function rowsOf(url: string): Promise<Row[]> {
  if (url.startsWith('sqlite:')) return sqliteRows(url)
  if (url.startsWith('mysql:')) return mysqlRows(url)
  const client = new Client({ connectionString: url })
  await client.connect()
  const query = async (sql: string): Promise<Row[]> => (await client.query<Row>(sql)).rows
  const tables = await query("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
  const rows = await each(tables, ({ name }) => query(`SELECT * FROM "${String(name)}"`))
  await client.end()
  return rows
}

async function sqliteRows(url: string): Promise<Row[]> {
  const database = new DatabaseSync(url.slice('sqlite:'.length), { readOnly: true })
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all()
  const rows = tables.flatMap(({ name }) =>
    database.prepare(`SELECT * FROM "${String(name)}"`).all(),
  )
  database.close()
  return rows
}

async function mysqlRows(url: string): Promise<Row[]> {
  const connection = await createConnection(url)
  const query = async (sql: string): Promise<Row[]> =>
    (await connection.query<RowDataPacket[]>(sql))[0]
  const tables = await query(
    'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()',
  )
  const rows = await each(tables, ({ name }) => query(`SELECT * FROM \`${String(name)}\``))
  await connection.end()
  return rows
}

async function each(tables: Row[], read: (table: Row) => Promise<Row[]>): Promise<Row[]> {
  const rows: Row[] = []
  for (const table of tables) rows.push(...(await read(table)))
  return rows
}

/** The database file, its WAL and whatever else lies beside it. */
async function filesOf(url: string): Promise<string> {
  const path = url.slice('sqlite:'.length)
  const names = (await readdir(dirname(path))).filter((name) => name.startsWith(basename(path)))
  const contents = names.map((name) => readFile(join(dirname(path), name), 'latin1'))
  return (await Promise.all(contents)).join('\n')
}

async function redisOf(url: string, prefix: string): Promise<string[]> {
  const redis = new Redis(url)
  const read: Record<string, (key: string) => Promise<string[]>> = {
    string: async (key) => [(await redis.get(key)) ?? ''],
    hash: async (key) => Object.entries(await redis.hgetall(key)).flat(),
    set: (key) => redis.smembers(key),
    zset: (key) => redis.zrange(key, '0', '-1'),
    list: (key) => redis.lrange(key, 0, -1),
  }
  const values: string[] = []
  for (const key of await redis.keys(`${prefix}*`)) {
    const type = await redis.type(key)
    if (!read[type]) throw new Error(`${key} is a ${type}, which this does not read`)
    values.push(key, ...key.split(':'), ...(await read[type](key)))
  }
  redis.disconnect()
  return values
}
