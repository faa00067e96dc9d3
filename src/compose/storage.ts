import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Config } from '#config/load.ts'
import { systemClock, type Clock } from '#lib/clock.ts'
import { joinRedis } from '#storage/join.ts'
import { openSqlStorage } from '#storage/sql/open.ts'
import type { Storage } from '#storage/storage.ts'

/** Opens the storage that the configuration names: one SQL database, with Redis when there is one. */
export async function openStorage(
  config: Config,
  onRedisError?: (error: unknown) => void,
  now: Clock = systemClock,
): Promise<Storage> {
  const path = config.DATABASE_URL.startsWith('sqlite:')
    ? config.DATABASE_URL.slice('sqlite:'.length)
    : undefined
  if (path !== undefined && path !== ':memory:')
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const sql = await openSqlStorage({
    url: config.DATABASE_URL,
    poolMax: config.DATABASE_POOL_MAX,
    acquireTimeoutMs: config.DATABASE_ACQUIRE_TIMEOUT_MS,
    statementTimeoutMs: config.DATABASE_STATEMENT_TIMEOUT_MS,
    caFile: config.DATABASE_CA_FILE,
    now,
  })
  if (config.REDIS_URL === undefined) return sql
  const { openRedisArtifacts } = await import('#storage/redis/open.ts')
  const redis = await openRedisArtifacts({
    url: config.REDIS_URL,
    prefix: config.REDIS_PREFIX,
    commandTimeoutMs: config.REDIS_COMMAND_TIMEOUT_MS,
    caFile: config.REDIS_CA_FILE,
    now,
    ...(onRedisError ? { onError: onRedisError } : {}),
  })
  return joinRedis(sql, redis)
}
