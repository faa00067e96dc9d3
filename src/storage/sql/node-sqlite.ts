/**
 * A knex client for `node:sqlite`, over knex's better-sqlite3 dialect: the same SQL, another driver. The pool has one
 * connection: SQLite has one writer, and a second reader in the same thread would gain nothing.
 */
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import type { knex } from 'knex'
import type { Result, Value } from './dialect.ts'

const BetterSqlite3: typeof knex.Client = createRequire(import.meta.url)(
  'knex/lib/dialects/better-sqlite3/index.js',
)

export interface SqliteSettings {
  filename: string
  busyTimeoutMs: number
}

/** What knex hands to `_query` and reads back from it. */
interface Query {
  sql: string
  bindings?: readonly (Value | Date)[]
  response?: unknown
  context?: unknown
}

const SQLITE_BUSY = 5

/** Statements of one connection by their text. Ours are few and fixed; the bound is for what migrations build. */
const statementLimit = 200
const caches = new WeakMap<
  DatabaseSync,
  Map<string, { statement: StatementSync; reads: boolean }>
>()

export class NodeSqliteClient extends BetterSqlite3 {
  declare connectionSettings: SqliteSettings

  _driver(): typeof DatabaseSync {
    return DatabaseSync
  }

  override async acquireRawConnection(): Promise<DatabaseSync> {
    return openFile(this.connectionSettings)
  }

  override async destroyRawConnection(connection: DatabaseSync): Promise<void> {
    if (connection.isOpen) connection.close()
  }

  async _query(connection: DatabaseSync, query: Query): Promise<Query> {
    // A transaction that begins by reading and then writes can fail halfway; one that says so first waits here.
    const sql = /^BEGIN;?$/.test(query.sql) ? 'BEGIN IMMEDIATE' : query.sql
    const { busyTimeoutMs } = this.connectionSettings
    const { rows, changes, lastID } = await execute(connection, sql, {
      values: query.bindings ?? [],
      busyTimeoutMs,
    })
    return Object.assign(query, { response: rows, context: { changes, lastID } })
  }
}

/** Runs a statement; while another process writes it waits, up to `busyTimeoutMs`, without stopping this process. */
export async function execute(
  connection: DatabaseSync,
  sql: string,
  { values, busyTimeoutMs }: { values: readonly (Value | Date)[]; busyTimeoutMs: number },
): Promise<Result & { lastID: unknown }> {
  const bound = values.map((value) =>
    typeof value === 'boolean' ? Number(value) : value instanceof Date ? value.valueOf() : value,
  )
  return whenFree(connection, busyTimeoutMs, () => {
    const { statement, reads } = prepare(connection, sql)
    if (reads) return { rows: statement.all(...bound), changes: 0, lastID: undefined }
    const { changes, lastInsertRowid } = statement.run(...bound)
    return { rows: [], changes: Number(changes), lastID: lastInsertRowid }
  })
}

function prepare(connection: DatabaseSync, sql: string) {
  let cache = caches.get(connection)
  if (!cache) caches.set(connection, (cache = new Map()))
  let entry = cache.get(sql)
  if (!entry) {
    const statement = connection.prepare(sql)
    entry = { statement, reads: statement.columns().length > 0 }
    if (cache.size >= statementLimit) cache.clear()
    cache.set(sql, entry)
  }
  return entry
}

/**
 * SQLite's own busy_timeout sleeps in this thread, and with it every request; two stores in one process would even
 * wait for one another forever. So it is short, and the rest of the wait is a timer. Nothing was done when SQLite is
 * busy, so doing it again is safe; inside a transaction (always BEGIN IMMEDIATE) it is not busy any more.
 */
export async function whenFree<T>(
  connection: DatabaseSync,
  timeoutMs: number,
  work: () => T,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    try {
      return work()
    } catch (error) {
      if (!isBusy(error) || connection.isTransaction || performance.now() > deadline) throw error
    }
    await sleep(1 + Math.random() * 10)
  }
}

export const isBusy = (error: unknown): boolean =>
  // The low byte is the primary code: 517, BUSY_SNAPSHOT, is busy as well.
  error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY

async function openFile({ filename, busyTimeoutMs }: SqliteSettings): Promise<DatabaseSync> {
  if (filename !== ':memory:') createPrivately(filename)
  const connection = new DatabaseSync(filename, { timeout: 10 })
  const pragmas = ['journal_mode = WAL', 'synchronous = NORMAL', 'foreign_keys = ON']
  try {
    for (const pragma of pragmas) {
      await whenFree(connection, busyTimeoutMs, () => connection.exec(`PRAGMA ${pragma}`))
    }
  } catch (error) {
    connection.close()
    throw error
  }
  return connection
}

/** No one else on the machine may read it; SQLite gives its -wal and -shm files the mode of this one. */
export function createPrivately(filename: string): void {
  mkdirSync(dirname(filename), { recursive: true, mode: 0o700 })
  closeSync(openSync(filename, 'a', 0o600))
}
