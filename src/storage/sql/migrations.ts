import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Knex } from 'knex'
import type { WithLock } from './locks.ts'
import type { Statements } from './statements.ts'

export interface Migrations {
  run: () => Promise<string[]>
  pending: () => Promise<string[]>
}

export interface MigrationsParts {
  statements: Pick<Statements, 'run' | 'dialect'>
  withLock: WithLock
  /** Calls `work` with a knex whose statements may take as long as they need. */
  withKnex: <T>(work: (knex: Knex) => Promise<T>) => Promise<T>
}

const directory = join(import.meta.dirname, '../../../migrations')
const tableName = 'schema_migrations'

/** Longer than any migration should take: anyone who waits has nothing else to do, and says so when it gives up. */
const waitMs = 10 * 60_000

/** The migrations of `migrations/`, under the lock `migrate`: of any number of processes one runs them, the others wait. */
export function createMigrations({ statements, withLock, withKnex }: MigrationsParts): Migrations {
  const config: Knex.MigratorConfig = {
    directory,
    loadExtensions: ['.ts'],
    tableName,
    // Each CREATE TABLE of MySQL commits; within a transaction the note that it ran would come too late.
    disableTransactions: !statements.dialect.hasTransactionalDdl,
    // A newer release may have migrated while this one still runs beside it.
    disableMigrationsListValidation: true,
  }

  async function run(): Promise<string[]> {
    if ((await pending()).length === 0) return []
    const done = await withLock('migrate', waitMs, () =>
      withKnex(async (knex) => {
        // knex's own lock is a row, which a process that died leaves behind. We hold ours, so no one else has it.
        await knex.migrate.forceFreeMigrationsLock(config)
        const [, names]: [number, string[]] = await knex.migrate.latest(config)
        return names
      }),
    )
    if (!done) throw new Error('another process has been migrating the database for ten minutes')
    return done
  }

  /** By reading only: knex's own list creates its tables first. */
  async function pending(): Promise<string[]> {
    const files = await readdir(directory)
    const names = files.filter((file) => file.endsWith('.ts')).sort()
    const { rows } = await statements.run(statements.dialect.hasTable, [tableName])
    if (rows.length === 0) return names
    const done = await statements.run<{ name: string }>(`SELECT name FROM ${tableName}`, [])
    const doneNames = new Set(done.rows.map(({ name }) => name))
    return names.filter((name) => !doneNames.has(name))
  }

  return { run, pending }
}
