import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { Redis } from 'ioredis'
import { openRedisArtifacts } from '#storage/redis/open.ts'
import type { OpenRedisOptions, RedisArtifacts } from '#storage/redis/open.ts'
import type { ArtifactBackend } from '../contract/artifacts.ts'
import type { LimitBackend } from '../contract/limits.ts'
import { startRedis } from './servers/redis.ts'
import type { RedisOptions } from './servers/redis.ts'
import type { RunningServer } from './servers/server-process.ts'

/** The title of the one test that stands for a file's tests where there is no Redis. */
export const redisIsMissing = 'Redis is not installed (apt-get install redis-server)'

/** The stores on a Redis, with keys of its own; closed when the test ends. */
export async function openRedis(
  t: ExecutionContext,
  url: string,
  options: Partial<OpenRedisOptions> = {},
): Promise<RedisArtifacts & { prefix: string }> {
  const prefix = `test:${randomUUID()}:`
  const defaults = { url, prefix, now: Date.now, commandTimeoutMs: 5000 }
  const opened = await openRedisArtifacts({ ...defaults, ...options })
  t.teardown(opened.close)
  return { ...opened, prefix }
}

/** An empty store for the artifact contract; time passes by waiting, as it does for Redis itself. */
export async function redisBackend(t: ExecutionContext, url: string): Promise<ArtifactBackend> {
  const { artifacts, prefix } = await openRedis(t, url)
  const beside = await openRedis(t, url, { prefix })
  const pass = (ms: number) => sleep(ms)
  return { artifacts, beside: beside.artifacts, now: Date.now, pass, expiresByItself: true }
}

/** The same for the contract of limits. */
export async function redisLimits(t: ExecutionContext, url: string): Promise<LimitBackend> {
  const { limits, prefix } = await openRedis(t, url)
  const beside = await openRedis(t, url, { prefix })
  const pass = (ms: number) => sleep(ms)
  return { limits, beside: beside.limits, now: Date.now, pass, expiresByItself: true }
}

/** A plain client, to look at what was written; closed when the test ends. */
export function redisClient(t: ExecutionContext, url: string): Redis {
  const client = new Redis(url)
  t.teardown(() => client.disconnect())
  return client
}

/** A Redis of the test's own, which it may stop; stopped when the test ends. */
export async function ownRedis(
  t: ExecutionContext,
  options: RedisOptions = {},
): Promise<RunningServer> {
  const server = await startRedis(options)
  if (!server) throw new Error(redisIsMissing)
  t.teardown(() => server.stop())
  return server
}

/** Asks again and again until Redis serves; rejects after 20 seconds. */
export async function untilOk(check: RedisArtifacts['check']): Promise<void> {
  const deadline = Date.now() + 20_000
  while ((await check()) !== 'ok') {
    if (Date.now() > deadline) throw new Error('Redis did not serve in 20 s')
    await sleep(20)
  }
}
