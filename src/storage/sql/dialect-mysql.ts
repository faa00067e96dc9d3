/** MySQL 8 or MariaDB 10.6 and later, by `mysql2`. */
import type { Knex } from 'knex'
import type { Connection, QueryError, ResultSetHeader, RowDataPacket } from 'mysql2'
import { within } from '#lib/within.ts'
import type { OutageReason } from '#storage/errors.ts'
import type { ConnectOptions, Dialect, Failure, Result, Value } from './dialect.ts'
import { cut, lockMysql } from './lock-mysql.ts'
import { mysqlAddress } from './mysql-address.ts'
import { fieldOfIndex, insertInto } from './sql-text.ts'

type Answer = ResultSetHeader | RowDataPacket[]

const onDuplicateKey = 'ON DUPLICATE KEY UPDATE'

export const mysql: Dialect = {
  system: 'mysql',
  connection: (options) => ({
    client: 'mysql2',
    // knex would ask for it without a time limit, and every connection would wait for that one answer.
    version: 'latest',
    connection: { ...mysqlAddress(options), connectTimeout: options.acquireTimeoutMs },
    pool: {
      min: 0,
      max: options.poolMax,
      acquireTimeoutMillis: options.acquireTimeoutMs,
      // Later requests wait for the same attempt, and fail with it.
      createTimeoutMillis: options.acquireTimeoutMs,
      afterCreate(connection: Connection, tell: (error?: unknown) => void) {
        settle(connection, options).then(() => tell(), tell)
      },
    },
  }),
  placeholders: (sql) => sql,
  execute: (connection: Connection, sql, values) =>
    /^(START TRANSACTION|COMMIT|ROLLBACK)/.test(sql)
      ? query(connection, sql)
      : executePrepared(connection, sql, values),
  discard(connection: Connection, reason) {
    // knex's pool does not hand out a connection that carries a reason here.
    Object.assign(connection, { __knex__disposed: reason })
    cut(connection)
  },
  failureOf,
  begin: 'START TRANSACTION',
  hasTransactionalDdl: false,
  hasStatementTimeout: true,
  upsert(table, { keys, columns, kept = [] }) {
    const replaced = columns.filter((column) => !kept.includes(column))
    // VALUES() is deprecated in MySQL 8 for a spelling that MariaDB does not have.
    const updates = replaced.map((column) => `${column} = VALUES(${column})`)
    return `${insertInto(table, [...keys, ...columns])} ${onDuplicateKey} ${updates.join(', ')}`
  },
  onConflict: () => onDuplicateKey,
  // IGNORE forgives more than a taken key, such as text that is too long: only for values of our own making.
  insertMissing: (table, columns, rows) =>
    insertInto(table, columns, rows).replace('INSERT', 'INSERT IGNORE'),
  deleteUpTo: (table, column, limit) =>
    `DELETE FROM ${table} WHERE ${column} <= ? ORDER BY ${column} LIMIT ${limit}`,
  forUpdateSkippingLocked: 'FOR UPDATE SKIP LOCKED',
  // MariaDB does, MySQL does not.
  supportsReturning: async (run) =>
    (await run("SELECT 1 AS one FROM (SELECT VERSION() AS v) s WHERE v LIKE '%MariaDB%'")).rows
      .length > 0,
  lock: lockMysql,
  collation: { ascii: 'ascii_bin', exact: 'utf8mb4_bin' },
  hasTable:
    'SELECT 1 AS one FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?',
  hasLeftIndex,
  tableCollation,
}

/** Brings a new connection to where our statements expect it; one that does not get there is ended. */
async function settle(connection: Connection, options: ConnectOptions): Promise<void> {
  try {
    await within(options.acquireTimeoutMs, () => query(connection, sessionSettings(options)))
  } catch (error) {
    cut(connection)
    throw error
  }
}

/**
 * READ COMMITTED locks the rows that a statement finds and not the gaps between them, so racing writers rarely meet
 * in a deadlock; it is also what PostgreSQL does, and what our statements are written for. Strict mode refuses what
 * does not fit instead of cutting it off. The comments are for one of the two servers each.
 */
function sessionSettings({ statementTimeoutMs }: ConnectOptions): string {
  const seconds = Math.max(1, Math.ceil(statementTimeoutMs / 1000))
  const lockWait = statementTimeoutMs > 0 ? `, innodb_lock_wait_timeout = ${seconds}` : ''
  return (
    "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'" +
    lockWait +
    ` /*M! , max_statement_time = ${statementTimeoutMs / 1000}, tx_isolation = 'READ-COMMITTED' */` +
    ` /*!80000 , max_execution_time = ${statementTimeoutMs}, transaction_isolation = 'READ-COMMITTED' */`
  )
}

function executePrepared(
  connection: Connection,
  sql: string,
  values: readonly Value[],
): Promise<Result> {
  return new Promise((resolve, reject) => {
    connection.execute<Answer>(sql, [...values], (error, result) => {
      if (error) reject(error)
      else resolve(toResult(result))
    })
  })
}

/** Transaction control cannot be prepared on every server. */
function query(connection: Connection, sql: string): Promise<Result> {
  return new Promise((resolve, reject) => {
    connection.query<Answer>(sql, (error, result) => {
      if (error) reject(error)
      else resolve(toResult(result))
    })
  })
}

const toResult = (result: Answer): Result =>
  Array.isArray(result)
    ? { rows: result, changes: 0 }
    : // Rows found, not rows changed: the driver asks for CLIENT_FOUND_ROWS.
      { rows: [], changes: result.affectedRows }

const ER_LOCK_DEADLOCK = 1213
const ER_DUP_ENTRY = 1062
/** Record has changed since last read: MariaDB with innodb_snapshot_isolation. */
const ER_CHECKREAD = 1020
/** Of no more use: the server ended it, or has become a replica and its successor is elsewhere. */
const connectionLost = new Map<number | undefined, OutageReason>([
  [1053, 'unreachable'], // shutting down
  [1290, 'read_only'],
  [1836, 'read_only'], // read-only mode
  [1927, 'unreachable'], // connection was killed
])
/** "Not now", from a connection that is as good as before. */
const refused = new Map<number | undefined, OutageReason>([
  [1021, 'full'],
  [1040, 'busy'], // too many connections
  [1114, 'full'], // a table that cannot grow
  [1205, 'busy'], // waited too long for a row
  [1317, 'busy'], // interrupted
  [1969, 'timeout'], // max_statement_time
  [3024, 'timeout'], // max_execution_time
])

function failureOf(error: unknown): Failure | undefined {
  if (!(error instanceof Error)) return undefined
  const { errno, fatal }: Partial<QueryError> = error
  if (errno === ER_DUP_ENTRY) {
    // "Duplicate entry '…' for key 'users.users__email'"; the entry is the caller's text and may contain anything.
    const index = /for key '(?:[^'.]*\.)?([^'.]+)'$/.exec(error.message)?.[1] ?? ''
    return { kind: 'duplicate', field: fieldOfIndex(index) }
  }
  if (errno === ER_LOCK_DEADLOCK || errno === ER_CHECKREAD) return { kind: 'deadlock' }
  const isLost = fatal === true || 'syscall' in error
  const lost = connectionLost.get(errno) ?? (isLost ? 'unreachable' : undefined)
  if (lost) return { kind: 'unavailable', reason: lost, isConnectionLost: true }
  const noSpace = error.message.includes('No space left on device') ? 'full' : undefined
  const reason = refused.get(errno) ?? noSpace
  return reason && { kind: 'unavailable', reason, isConnectionLost: false }
}

/** MySQL 8 knows the newer rules of Unicode; MariaDB has its own names for them, so we take what both have. */
async function tableCollation(knex: Knex): Promise<string> {
  const found: unknown = await knex('information_schema.collations')
    .where('collation_name', 'utf8mb4_0900_ai_ci')
    .first('collation_name')
  return found ? 'utf8mb4_0900_ai_ci' : 'utf8mb4_unicode_ci'
}

async function hasLeftIndex(knex: Knex, table: string, index: string): Promise<boolean> {
  const found: unknown = await knex('information_schema.statistics')
    .where({ table_schema: knex.raw('DATABASE()'), table_name: table, index_name: index })
    .first('index_name')
  return found !== undefined
}
