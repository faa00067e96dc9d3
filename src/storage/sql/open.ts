import knex, { type Knex } from 'knex'
import type { Clock } from '#lib/clock.ts'
import type { StorageUnavailable } from '#storage/errors.ts'
import type { Connections, Storage } from '#storage/storage.ts'
import { createApiKeyStore } from './api-keys.ts'
import { createArtifactStore } from './artifacts.ts'
import { createAuditStore } from './audit.ts'
import { createCheck } from './check.ts'
import { createClientStore } from './clients.ts'
import { dialectOf, limitOf, type ConnectOptions, type Dialect } from './dialect.ts'
import { createFactorStore } from './factors.ts'
import { createIdentityStore } from './identities.ts'
import { createLimitStore } from './limits.ts'
import { createLocks } from './locks.ts'
import { createMailQueueStore } from './mail-queue.ts'
import { createMigrations } from './migrations.ts'
import { createProviderStore } from './providers.ts'
import { createResourceStore } from './resources.ts'
import { createRoleStore } from './roles.ts'
import { createSealedStore } from './sealed.ts'
import { createSignInStore } from './sign-ins.ts'
import { createSigningKeyStore } from './signing-keys.ts'
import { createStatisticsStore } from './statistics.ts'
import { createStatements, toStorageError } from './statements.ts'
import { createUserStore } from './users.ts'

export interface SqlStorageOptions extends ConnectOptions {
  /**
   * `sqlite:path` (relative to the working directory, or absolute), `sqlite::memory:`, `postgres://…`, `mysql://…` or
   * `mariadb://…`.
   */
  url: string
  now: Clock
  /** Called with the text of every statement that is sent to the database. For tests that count. */
  onStatement?: (sql: string) => void
}

/**
 * Everything in one SQL database. Neither connects nor migrates: the first statement connects, `migrate()` brings the
 * schema up to date. Throws when the URL is of no database that we know.
 */
export async function openSqlStorage(options: SqlStorageOptions): Promise<Storage> {
  const dialect = await dialectOf(options.url)
  const pool = openPool(dialect, options)
  const { now, onStatement } = options
  let failures = 0
  let lastFullAt = -Infinity
  const onUnavailable = ({ reason }: StorageUnavailable): void => {
    failures += 1
    if (reason === 'full') lastFullAt = performance.now()
  }
  const limitMs = dialect.hasStatementTimeout ? limitOf(options) : undefined
  const statements = createStatements({ knex: pool, dialect, limitMs, onStatement, onUnavailable })
  const withLock = createLocks((name, waitMs) => dialect.lock(options, name, waitMs))

  async function withKnex<T>(work: (knex: Knex) => Promise<T>): Promise<T> {
    const patient = dialect.hasStatementTimeout
      ? openPool(dialect, { ...options, statementTimeoutMs: 0, poolMax: 1 })
      : undefined
    try {
      return await work(patient ?? pool)
    } catch (error) {
      throw toStorageError(dialect, error)
    } finally {
      await patient?.destroy()
    }
  }

  const migrations = createMigrations({ statements, withLock, withKnex })
  const artifacts = createArtifactStore(statements, now)
  return {
    users: createUserStore(statements, now),
    identities: createIdentityStore(statements, now),
    providers: createProviderStore(statements, now),
    factors: createFactorStore(statements, now),
    clients: createClientStore(statements, now),
    resources: createResourceStore(statements),
    signingKeys: createSigningKeyStore(statements),
    artifacts,
    signIns: createSignInStore(statements, now),
    roles: createRoleStore(statements, now),
    apiKeys: createApiKeyStore(statements, now),
    audit: createAuditStore(statements),
    mailQueue: createMailQueueStore(statements, now),
    limits: createLimitStore(statements, now),
    statistics: createStatisticsStore(statements),
    sealed: createSealedStore(statements, now),
    withLock,
    migrate: migrations.run,
    pendingMigrations: migrations.pending,
    failures: () => ({ database: failures }),
    connections: () => connectionsOf(pool, dialect.connection(options).pool?.max),
    check: createCheck({ ...statements, artifacts, lastFullAt: () => lastFullAt, now }),
    close: () => pool.destroy(),
  }
}

/** knex's pool is tarn's, which its types do not say. There is none once it is closed. */
interface Pool {
  numUsed(): number
  numFree(): number
  numPendingAcquires(): number
}

function connectionsOf({ client }: Knex, max = 0): Connections {
  const { pool } = client as { pool?: Pool }
  if (!pool) return { used: 0, free: 0, waiting: 0, max }
  return { used: pool.numUsed(), free: pool.numFree(), waiting: pool.numPendingAcquires(), max }
}

const quiet = () => undefined

function openPool(dialect: Dialect, options: SqlStorageOptions): Knex {
  const instance = knex({
    ...dialect.connection(options),
    // What knex would print is in the error that it throws.
    log: { warn: quiet, error: quiet, deprecate: quiet, debug: quiet },
  })
  // Migrations find the dialect here (columns.ts).
  instance.userParams = { dialect }
  const { onStatement } = options
  if (onStatement) instance.on('query', ({ sql }: { sql: string }) => onStatement(sql))
  return instance
}
