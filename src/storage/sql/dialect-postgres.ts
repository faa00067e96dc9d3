/** PostgreSQL 13 or later, by `pg`. */
import { createHash } from 'node:crypto'
import { DatabaseError, types, type Client } from 'pg'
import type { OutageReason } from '#storage/errors.ts'
import type { Dialect, Failure } from './dialect.ts'
import { lockPostgres } from './lock-postgres.ts'
import { postgresUrl } from './postgres-url.ts'
import { fieldOfIndex, insertMissing, insertOnConflict, onConflict } from './sql-text.ts'

export const postgres: Dialect = {
  system: 'postgresql',
  connection: ({ poolMax, acquireTimeoutMs, statementTimeoutMs, ...address }) => ({
    client: 'pg',
    // knex would ask for it without a time limit.
    version: '14',
    connection: {
      connectionString: postgresUrl(address),
      application_name: 'yumen',
      keepAlive: true,
      connectionTimeoutMillis: acquireTimeoutMs,
      ...(statementTimeoutMs > 0 && { statement_timeout: statementTimeoutMs }),
    },
    pool: {
      min: 0,
      max: poolMax,
      acquireTimeoutMillis: acquireTimeoutMs,
      // Later requests wait for the same attempt, and fail with it.
      createTimeoutMillis: acquireTimeoutMs,
      afterCreate(connection: Client, done: () => void) {
        // Times and counters fit a number; as text, the driver's default, they would sort and add like text.
        connection.setTypeParser(types.builtins.INT8, Number)
        done()
      },
    },
  }),
  placeholders: numbered,
  async execute(connection: Client, sql, values) {
    const result = await connection.query({ ...prepared(sql), values: [...values] })
    return { rows: result.rows, changes: result.rowCount ?? 0 }
  },
  discard(connection: Client, reason) {
    // knex's pool does not hand out a connection that carries a reason here.
    Object.assign(connection, { __knex__disposed: reason })
    connection.connection.stream.destroy()
  },
  failureOf,
  begin: 'BEGIN',
  hasTransactionalDdl: true,
  hasStatementTimeout: true,
  upsert: insertOnConflict,
  onConflict,
  insertMissing,
  deleteUpTo: (table, column, limit) =>
    `DELETE FROM ${table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM ${table} WHERE ${column} <= ? ORDER BY ${column} LIMIT ${limit} FOR UPDATE SKIP LOCKED))`,
  forUpdateSkippingLocked: 'FOR UPDATE SKIP LOCKED',
  supportsReturning: async () => true,
  lock: lockPostgres,
  collation: {},
  hasTable:
    'SELECT 1 AS one FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = ?',
  hasLeftIndex: async () => false,
  tableCollation: async () => undefined,
}

function numbered(sql: string): string {
  let count = 0
  return sql.replaceAll('?', () => `$${++count}`)
}

const statements = new Map<string, { name?: string; text: string }>()

/**
 * Transaction control has no plan. A list of values must not keep its plan: while a table is empty, reading all of it
 * for a hundred values is the best one, and the server would stay with it when the table has grown.
 */
const unnamed = /^(BEGIN|COMMIT|ROLLBACK)| IN \(\?/

/**
 * Named, so that each connection parses and plans it once. The name comes from the text: a pooler that shares
 * connections between processes must not see one name for two statements.
 */
function prepared(sql: string): { name?: string; text: string } {
  let statement = statements.get(sql)
  if (!statement) {
    const text = numbered(sql)
    const name = `yumen_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
    statement = unnamed.test(sql) ? { text } : { name, text }
    statements.set(sql, statement)
  }
  return statement
}

/** SQLSTATE that say "not now". With a server that stops or has become a replica the connection is of no more use. */
const reasons: readonly [code: RegExp, reason: OutageReason, isConnectionLost: boolean][] = [
  [/^(08|57P)/, 'unreachable', true], // connection exceptions; a server that stops or starts
  [/^25006$/, 'read_only', true],
  [/^53100$/, 'full', false],
  [/^53|^55P03$/, 'busy', false], // no resources; locked
  [/^57/, 'timeout', false], // cancelled by the time limit
  [/^58/, 'failed', false], // system errors
]

function failureOf(error: unknown): Failure | undefined {
  if (!(error instanceof Error)) return undefined
  if (error instanceof DatabaseError) {
    const { code = '', constraint = '' } = error
    if (code === '23505') return { kind: 'duplicate', field: fieldOfIndex(constraint) }
    if (code === '40P01' || code === '40001') return { kind: 'deadlock' }
    const [, reason, isConnectionLost] = reasons.find(([pattern]) => pattern.test(code)) ?? []
    return reason && { kind: 'unavailable', reason, isConnectionLost: isConnectionLost === true }
  }
  // The driver's own errors about a lost connection have no class and not all have a code.
  const isLost =
    'syscall' in error ||
    /^(Connection terminated|timeout expired|Client (was closed|has encountered))/.test(
      error.message,
    )
  return isLost ? { kind: 'unavailable', reason: 'unreachable', isConnectionLost: true } : undefined
}
