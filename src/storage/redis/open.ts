import type { Clock } from '#lib/clock.ts'
import type { ArtifactStore } from '#storage/artifacts.ts'
import type { LimitStore } from '#storage/limits.ts'
import { stateOf, type State } from '#storage/state.ts'
import { createRedisArtifacts } from './artifacts.ts'
import { openConnection } from './connection.ts'
import type { RedisConnectionOptions } from './connection.ts'
import { createRedisLimits } from './limits.ts'
import type { SessionEpochs } from './writes.ts'

export interface OpenRedisOptions extends RedisConnectionOptions {
  /** Begins every key, so that several servers can share one Redis; without braces. */
  prefix: string
  now: Clock
}

export interface RedisArtifacts {
  artifacts: ArtifactStore & SessionEpochs
  limits: LimitStore
  /** Whether Redis takes a write now; never rejects. */
  check: () => Promise<State>
  /** How many commands were not served since. */
  failures: () => number
  close: () => Promise<void>
}

/**
 * Opens the stores of artifacts and limits in Redis (6.2 or later). Waits for the first connection, but no longer than one command may
 * take: a server whose Redis is away starts, says so in its readiness, and goes on when Redis is back.
 * Rejects only when the options are wrong.
 */
export async function openRedisArtifacts(options: OpenRedisOptions): Promise<RedisArtifacts> {
  const { prefix, now } = options
  // A brace would move the part of the key that a cluster looks at.
  if (/[{}]/.test(prefix)) throw new Error('the prefix of Redis keys must not contain braces')
  const connection = openConnection(options)
  const check = () =>
    stateOf(connection.run((redis) => redis.set(`${prefix}health`, 'ok', 'PX', 1)))
  await check()
  return {
    artifacts: createRedisArtifacts({ connection, prefix, now }),
    limits: createRedisLimits({ connection, prefix, now }),
    check,
    failures: connection.failures,
    close: connection.close,
  }
}
