/**
 * Statements: the one layer through which the stores speak to the database. They send fixed texts with `?` for every
 * value, prepared once for each connection; knex contributes the pool (and, in migrations, its builder), because its
 * builder costs 35–50 µs a query on paths where the database itself takes 50.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { TimeIsUp } from '#lib/within.ts'
import { AlreadyExists, StorageUnavailable } from '#storage/errors.ts'
import { createConnections, type ConnectionsParts, type Lease } from './connections.ts'
import type { Dialect } from './dialect.ts'
import type { Run } from './run.ts'

/**
 * Both reject with AlreadyExists when a unique value is taken, and with StorageUnavailable when the database does
 * not answer in time. What an unanswered statement, or an unanswered COMMIT, has done is then unknown: it may be there.
 */
export interface Statements {
  readonly dialect: Dialect
  readonly run: Run

  /**
   * Runs `work` in one transaction, undone when it rejects. It may run more than once, so it does nothing else; not after
   * a COMMIT that may have succeeded.
   */
  readonly transaction: <T>(work: (run: Run) => Promise<T>) => Promise<T>
}

/**
 * InnoDB and PostgreSQL end a deadlock by undoing one of the two, which is to be expected when people race (two
 * registrations of one address, a sweep and a revocation). More than this many times in a row is a bug.
 */
const attempts = 10

export interface StatementsParts extends ConnectionsParts {
  /** Called when the database did not answer, each time. */
  onUnavailable?: ((error: StorageUnavailable) => void) | undefined
}

export function createStatements(parts: StatementsParts): Statements {
  const { dialect, onUnavailable } = parts
  const withConnection = createConnections(parts)
  const call = <T>(work: (lease: Lease) => Promise<T>): Promise<T> =>
    withConnection((lease) => again(dialect, () => work(lease))).catch((error: unknown) => {
      const told = toStorageError(dialect, error)
      if (told instanceof StorageUnavailable) onUnavailable?.(told)
      throw told
    })

  return {
    dialect,
    run: (sql, values) => call(({ run }) => run(sql, values)),
    transaction: (work) =>
      call(async ({ run, lose }) => {
        await run(dialect.begin, [])
        try {
          const result = await work(run)
          await run('COMMIT', [])
          return result
        } catch (error) {
          // A connection that cannot even roll back must not carry the open transaction to the next caller.
          await run('ROLLBACK', []).catch(lose)
          throw error
        }
      }),
  }
}

async function again<T>(dialect: Dialect, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      // The server says so itself, and that it has undone all, so nothing is done twice.
      if (dialect.failureOf(error)?.kind !== 'deadlock' || attempt === attempts) throw error
    }
    // Those who met once must not meet again at the same moment.
    await sleep(Math.random() * 5 * attempt)
  }
}

/** The error in the words of `#storage/errors.ts`, with the driver's as its cause; others as they are. */
export function toStorageError(dialect: Dialect, error: unknown): unknown {
  if (error instanceof TimeIsUp)
    return new StorageUnavailable('database', { cause: error, reason: 'timeout' })
  const failure = dialect.failureOf(error)
  if (!failure) return error
  return failure.kind === 'duplicate'
    ? new AlreadyExists(failure.field, { cause: error })
    : new StorageUnavailable('database', {
        cause: error,
        reason: failure.kind === 'deadlock' ? 'busy' : failure.reason,
      })
}
