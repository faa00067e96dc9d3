import type { Clock } from '#lib/clock.ts'
import { sha256 } from '#lib/hashing.ts'
import type { LimitStore } from '#storage/limits.ts'
import type { RedisConnection } from './connection.ts'

export interface RedisLimitsOptions {
  connection: RedisConnection
  /** Begins every key; without braces. */
  prefix: string
  now: Clock
}

/** Counters in Redis: a hash each, which ends with its span. The keys are hashed: they are made of addresses. */
export function createRedisLimits({ connection, prefix, now }: RedisLimitsOptions): LimitStore {
  const counterKey = (key: string) => `${prefix}{limit:${sha256(key)}}`
  return {
    async hit(key, windowMs) {
      const values = [counterKey(key), now(), windowMs, now() + windowMs] as const
      const [count, resetAt] = await connection.run((redis) => redis.limitHit(...values))
      return { count, resetAt }
    },

    async peek(key) {
      const at = now()
      const counter = counterKey(key)
      const values = await connection.run((redis) => redis.hmget(counter, 'count', 'resetAt'))
      const [count, resetAt] = values.map(Number)
      if (!count || !resetAt || resetAt <= at) return { count: 0, resetAt: at }
      return { count, resetAt }
    },

    async release(key) {
      await connection.run((redis) => redis.limitRelease(counterKey(key), now()))
    },

    async reset(key) {
      await connection.run((redis) => redis.del(counterKey(key)))
    },

    // Redis does it.
    removeExpired: () => Promise.resolve(0),
  }
}
