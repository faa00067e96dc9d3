import { z } from 'zod'
import { backend, caFile, help, secret, whole } from './kinds.ts'

/** Settings of the database and Redis. */
export const storageSettings = {
  DATABASE_URL: backend(['sqlite:', 'postgres://', 'postgresql://', 'mysql://', 'mariadb://'])
    .optional()
    .meta(secret('the database; sqlite:DATA_DIR/yumen.db in development')),
  DATABASE_CA_FILE: caFile().meta(
    help('CA certificates (PEM) to verify the database with; those of Node.js by default'),
  ),
  DATABASE_POOL_MAX: whole(2, 1000, 10).meta(help('connections of one process')),
  DATABASE_ACQUIRE_TIMEOUT_MS: whole(100, 600_000, 5000).meta(help('wait for a free connection')),
  DATABASE_STATEMENT_TIMEOUT_MS: whole(100, 600_000, 10_000).meta(
    help('longest statement, and longest transaction as a whole'),
  ),
  REDIS_URL: backend(['redis://', 'rediss://', 'redis-cluster://', 'rediss-cluster://'])
    .optional()
    .meta(secret('Redis 7 for what is short-lived; none by default')),
  REDIS_CA_FILE: caFile().meta(
    help('CA certificates (PEM) to verify Redis with; those of Node.js by default'),
  ),
  REDIS_PREFIX: z
    .string()
    .regex(/^[^{}\s]{0,64}$/, {
      error: 'must have at most 64 characters, without spaces and braces',
    })
    .default('yumen:')
    .meta(help('prefix of every key')),
  REDIS_COMMAND_TIMEOUT_MS: whole(50, 60_000, 2000).meta(help('longest single command')),
}
