/**
 * Statements: the one layer through which the stores speak to the database. They send fixed texts with `?` for every
 * value, prepared once for each connection; knex contributes the pool (and, in migrations, its builder), because its
 * builder costs 35–50 µs a query on paths where the database itself takes 50.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Knex } from 'knex'
import { AlreadyExists, StorageUnavailable } from '#storage/errors.ts'
import type { Dialect, Value } from './dialect.ts'

/** Runs one statement. `Row` names the columns that the text selects; numbers arrive as numbers in every dialect. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- only who wrote the text knows what it selects
export type Run = <Row = never>(
  sql: string,
  values: readonly (Value | undefined)[],
) => Promise<{ rows: Row[]; changes: number }>

/**
 * Both reject with AlreadyExists when a unique value is taken, and with StorageUnavailable when the database does
 * not answer.
 */
export interface Statements {
  readonly dialect: Dialect
  readonly run: Run

  /** Runs `work` in one transaction, undone when it rejects. It may run more than once, so it does nothing else. */
  readonly transaction: <T>(work: (run: Run) => Promise<T>) => Promise<T>
}

export interface StatementsParts {
  knex: Knex
  dialect: Dialect
  /** Called with the text of every statement that is sent. */
  onStatement?: ((sql: string) => void) | undefined
  /** Called when the database did not answer, each time. */
  onUnavailable?: (() => void) | undefined
}

/**
 * InnoDB and PostgreSQL end a deadlock by undoing one of the two, which is to be expected when people race (two
 * registrations of one address, a sweep and a revocation). More than this many times in a row is a bug.
 */
const attempts = 10

export function createStatements(parts: StatementsParts): Statements {
  const { knex, dialect, onStatement } = parts
  const onConnection =
    (connection: object): Run =>
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as above
    async <Row>(sql: string, values: readonly (Value | undefined)[]) => {
      onStatement?.(sql)
      const bound = values.map((value) => value ?? null)
      const { rows, changes } = await dialect.execute(connection, sql, bound)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
      return { rows: rows as Row[], changes }
    }

  const run: Run = (sql, values) =>
    again(parts, () => withConnection(knex, dialect, (on) => onConnection(on)(sql, values)))

  const transaction = <T>(work: (run: Run) => Promise<T>): Promise<T> =>
    again(parts, () =>
      withConnection(knex, dialect, async (connection) => {
        const run = onConnection(connection)
        await run(dialect.begin, [])
        try {
          const result = await work(run)
          await run('COMMIT', [])
          return result
        } catch (error) {
          // A connection that cannot even roll back must not carry the open transaction to the next caller.
          await run('ROLLBACK', []).catch((reason: unknown) => dialect.discard(connection, reason))
          throw error
        }
      }),
    )

  return { dialect, run, transaction }
}

async function withConnection<T>(
  knex: Knex,
  dialect: Dialect,
  work: (connection: object) => Promise<T>,
): Promise<T> {
  const client: Knex.Client = knex.client
  let connection: object
  try {
    connection = await client.acquireConnection()
  } catch (error) {
    throw new StorageUnavailable('database', { cause: error })
  }
  try {
    return await work(connection)
  } catch (error) {
    const failure = dialect.failureOf(error)
    if (failure?.kind === 'unavailable' && failure.isConnectionLost) {
      dialect.discard(connection, error)
    }
    throw error
  } finally {
    await client.releaseConnection(connection)
  }
}

async function again<T>(
  { dialect, onUnavailable }: StatementsParts,
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      const isDeadlock = dialect.failureOf(error)?.kind === 'deadlock'
      if (!isDeadlock || attempt === attempts) {
        const told = toStorageError(dialect, error)
        if (told instanceof StorageUnavailable) onUnavailable?.()
        throw told
      }
    }
    // Those who met once must not meet again at the same moment.
    await sleep(Math.random() * 5 * attempt)
  }
}

/** The error in the words of `#storage/errors.ts`, with the driver's as its cause; others as they are. */
export function toStorageError(dialect: Dialect, error: unknown): unknown {
  const failure = dialect.failureOf(error)
  if (!failure) return error
  return failure.kind === 'duplicate'
    ? new AlreadyExists(failure.field, { cause: error })
    : new StorageUnavailable('database', { cause: error })
}
