/**
 * The only place that knows which database it is. A dialect is data and a handful of functions; every other file in
 * this folder, and every migration, asks it and never its name.
 */
import type { Knex } from 'knex'
import type { OutageReason } from '#storage/errors.ts'

/** What can be bound to a `?`. */
export type Value = string | number | boolean | null

export interface Result {
  rows: unknown[]
  /** How many rows were written; for an UPDATE, those that its WHERE found. */
  changes: number
}

export interface ConnectOptions {
  /** Whether to use TLS, and verify it, is in the URL: `#lib/backend-tls.ts`. */
  url: string
  /** Certificates (PEM) that the server must have its own from; those of Node when absent. */
  caFile?: string | undefined
  poolMax: number
  /** How long to wait for a connection, and for SQLite's only writer. */
  acquireTimeoutMs: number
  /** After this long the server ends a statement; 0: never. SQLite, which is in this process, has no such limit. */
  statementTimeoutMs: number
}

/**
 * How long we wait for a statement, or for a transaction as a whole: longer than the server gives a statement, so that
 * a limit reached here means that the server no longer answers.
 */
export const limitOf = ({ statementTimeoutMs }: Pick<ConnectOptions, 'statementTimeoutMs'>) =>
  statementTimeoutMs + 1000

/** What became of a statement, when it was not done. */
export type Failure =
  /** A unique value is taken: the record's field, in the record's own spelling. */
  | { kind: 'duplicate'; field: string }
  /** It was in another's way and was undone whole; the same again may succeed. */
  | { kind: 'deadlock' }
  /** The database did not answer, or not in time; the connection may be good for another try, or not. */
  | { kind: 'unavailable'; reason: OutageReason; isConnectionLost: boolean }

/** Lets go of a lock. Rejects when the lock was lost before. */
export type Release = () => Promise<void>

export interface Dialect {
  /** Its name in traces (`db.system.name` of OpenTelemetry). */
  readonly system: string

  connection(options: ConnectOptions): Knex.Config

  /** The text with this database's placeholders for every `?`. */
  placeholders(sql: string): string

  /** Runs one of our fixed statements, prepared once for each connection. */
  execute(connection: object, sql: string, values: readonly Value[]): Promise<Result>

  /** Ends the connection at once, whatever is under way on it; the pool does not hand it out again. */
  discard(connection: object, reason: unknown): void

  /** What an error of the driver means; undefined when it is a mistake of ours. */
  failureOf(error: unknown): Failure | undefined

  /** Opens a transaction that may write. */
  readonly begin: string

  /** Whether a failed migration undoes its tables. */
  readonly hasTransactionalDdl: boolean

  /** Whether `statementTimeoutMs` means something here; if so, migrations run on connections without it. */
  readonly hasStatementTimeout: boolean

  /** INSERT with a `?` for each of `keys` and `columns`, or UPDATE of `columns` (those in `kept` excepted) where the keys are there. */
  upsert(table: string, columns: UpsertColumns): string

  /** What stands between an INSERT and the assignments that are made instead where a row has these `keys`. */
  onConflict(keys: readonly string[]): string

  /** An INSERT of `rows` rows that writes those whose key is free, and counts only them. */
  insertMissing(table: string, columns: readonly string[], rows?: number): string

  /** DELETE of at most `limit` rows of `table` with `column <= ?`, the least first, without waiting for rows in use. */
  deleteUpTo(table: string, column: string, limit: number): string

  /** Ends a SELECT, in a transaction, whose rows no one else is to take: rows that someone has taken are passed over. */
  readonly forUpdateSkippingLocked: string

  /** Whether the server at the other end answers an upsert that ends in RETURNING. */
  supportsReturning(run: (sql: string) => Promise<{ rows: unknown[] }>): Promise<boolean>

  /** Takes the lock `name` on a connection of its own; undefined when it was not free within `waitMs`. */
  lock(options: ConnectOptions, name: string, waitMs: number): Promise<Release | undefined>

  /** Collations of columns that compare byte by byte: `ascii` for our ids and hashes, `exact` for other text. Absent: the default does. */
  readonly collation: { ascii?: string; exact?: string }

  /** A SELECT that finds a row when our schema has the table `?`. */
  readonly hasTable: string

  /** Whether a migration that did not end has left the index; never where it is undone whole. */
  hasLeftIndex(knex: Knex, table: string, index: string): Promise<boolean>

  /** Absent if the database has better tools of its own. */
  readonly backups?: Backups

  /** The collation for a new table's other text; undefined where the database decides. */
  tableCollation(knex: Knex): Promise<string | undefined>
}

export interface Backups {
  /** Writes a consistent copy to a new file that only its owner can read; servers may run. */
  backUp(url: string, file: string): Promise<void>

  /**
   * Makes the file the database at this URL, where there must be none yet. `verify` gets the URL of a copy first; if it
   * rejects, nothing has changed.
   */
  restore(file: string, url: string, verify: (url: string) => Promise<void>): Promise<void>
}

export interface UpsertColumns {
  keys: readonly string[]
  columns: readonly string[]
  /** Columns that an existing row keeps. */
  kept?: readonly string[]
}

/** Loaded when it is needed: a server on SQLite has no use for 30 MB of other drivers. */
const dialects: readonly [scheme: RegExp, load: () => Promise<Dialect>][] = [
  [/^sqlite:/, async () => (await import('./dialect-sqlite.ts')).sqlite],
  [/^postgres(ql)?:\/\//, async () => (await import('./dialect-postgres.ts')).postgres],
  [/^(mysql|mariadb):\/\//, async () => (await import('./dialect-mysql.ts')).mysql],
]

/** The dialect of a database URL. Rejects when no dialect has its scheme; the message does not repeat the URL. */
export async function dialectOf(url: string): Promise<Dialect> {
  const found = dialects.find(([scheme]) => scheme.test(url))
  if (!found) throw new Error('the database URL must begin with sqlite:, postgres:// or mysql://')
  return found[1]()
}
