/** SQLite, in this process, by `node:sqlite`. */
import type { DatabaseSync } from 'node:sqlite'
import type { OutageReason } from '#storage/errors.ts'
import { sqliteBackups } from './backup-sqlite.ts'
import type { ConnectOptions, Dialect, Failure } from './dialect.ts'
import { lockSqlite } from './lock-sqlite.ts'
import { NodeSqliteClient, execute } from './node-sqlite.ts'
import { fieldOfColumn, insertMissing, insertOnConflict, onConflict } from './sql-text.ts'

/** Writers wait for one another; see `whenFree`. Connections carry no options, so the wait is remembered here. */
const busyTimeouts = new WeakMap<DatabaseSync, number>()

export const sqlite: Dialect = {
  system: 'sqlite',
  connection: (options) => ({
    client: NodeSqliteClient,
    connection: { filename: filenameOf(options.url), busyTimeoutMs: options.acquireTimeoutMs },
    useNullAsDefault: true,
    pool: {
      // A database in memory lives as long as its connection.
      min: filenameOf(options.url) === ':memory:' ? 1 : 0,
      max: 1,
      acquireTimeoutMillis: options.acquireTimeoutMs,
      afterCreate(connection: DatabaseSync, done: () => void) {
        busyTimeouts.set(connection, options.acquireTimeoutMs)
        done()
      },
    },
  }),
  placeholders: (sql) => sql,
  execute: (connection: DatabaseSync, sql, values) =>
    execute(connection, sql, { values, busyTimeoutMs: busyTimeouts.get(connection) ?? 0 }),
  discard: () => undefined,
  failureOf,
  begin: 'BEGIN IMMEDIATE',
  hasTransactionalDdl: true,
  hasStatementTimeout: false,
  upsert: insertOnConflict,
  onConflict,
  insertMissing,
  deleteUpTo: (table, column, limit) =>
    `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} WHERE ${column} <= ? ORDER BY ${column} LIMIT ${limit})`,
  // Anyone who has a transaction that may write is alone.
  forUpdateSkippingLocked: '',
  supportsReturning: async () => true,
  lock: (options: ConnectOptions, name, waitMs) =>
    lockSqlite(filenameOf(options.url), name, waitMs),
  backups: sqliteBackups((url) => filenameOf(url)),
  collation: {},
  hasTable: "SELECT 1 AS one FROM sqlite_master WHERE type = 'table' AND name = ?",
  hasLeftIndex: async () => false,
  tableCollation: async () => undefined,
}

/** `sqlite:data/yumen.db`, `sqlite:/var/lib/yumen.db`, `sqlite:///var/lib/yumen.db`, `sqlite::memory:`. */
const filenameOf = (url: string): string => url.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '')

function failureOf(error: unknown): Failure | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  const code = Number(error.errcode)
  // SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_PRIMARYKEY: "UNIQUE constraint failed: users.email_key"
  if (code === 2067 || code === 1555) {
    const column = /: \w+\.(\w+)/.exec(error.message)?.[1] ?? ''
    return { kind: 'duplicate', field: fieldOfColumn(column) }
  }
  const reason = reasons.get(code & 0xff)
  return reason && { kind: 'unavailable', reason, isConnectionLost: false }
}

/** By primary code. */
const reasons = new Map<number, OutageReason>([
  [5, 'busy'], // BUSY, after the wait
  [6, 'busy'], // LOCKED
  [8, 'read_only'], // READONLY
  [10, 'failed'], // IOERR
  [13, 'full'], // FULL
  [14, 'unreachable'], // CANTOPEN
])
