import type { Cluster, Redis, Result } from 'ioredis'

/**
 * The atomic verbs, in Lua. Each touches KEYS[1] and nothing else, so that they run on a cluster too.
 * Times come from the caller: the server's clock only removes what has expired.
 */
declare module 'ioredis' {
  interface RedisCommander<Context> {
    artifactPut(
      key: string,
      now: number,
      px: number | '',
      ...fields: string[]
    ): Result<number, Context>
    artifactPutIfAbsent(
      key: string,
      now: number,
      px: number | '',
      ...fields: string[]
    ): Result<number, Context>
    artifactReplace(
      key: string,
      now: number,
      px: number | '',
      ...fields: string[]
    ): Result<number, Context>
    artifactConsume(key: string, now: number): Result<number, Context>
    artifactSetEpoch(key: string, epoch: number): Result<number, Context>
    artifactRemoveIf(
      key: string,
      field: 'grantId' | 'accountId' | 'clientId',
      value: string,
    ): Result<number, Context>
    indexByExpiry(
      key: string,
      member: string,
      expiresAt: number | '+inf',
      trimBefore: number,
    ): Result<number, Context>
    indexLatest(key: string, member: string, px: number | ''): Result<number, Context>
    limitHit(
      key: string,
      now: number,
      windowMs: number,
      resetAt: number,
    ): Result<[count: number, resetAt: number], Context>
    limitRelease(key: string, now: number): Result<number, Context>
  }
}

const isLive = `
local function isLive(now)
  if redis.call('EXISTS', KEYS[1]) == 0 then return false end
  local expiresAt = redis.call('HGET', KEYS[1], 'expiresAt')
  return not expiresAt or tonumber(expiresAt) > tonumber(now)
end
`

/** ARGV: now, milliseconds to live ('' forever), then fields and values. What has expired already is not written. */
const write = `
local function write()
  redis.call('DEL', KEYS[1])
  local px = ARGV[2]
  if px ~= '' and tonumber(px) <= 0 then return false end
  redis.call('HSET', KEYS[1], unpack(ARGV, 3))
  if px ~= '' then redis.call('PEXPIRE', KEYS[1], px) end
  return true
end
`

const scripts = {
  artifactPut: `${isLive}${write}
local consumedAt = isLive(ARGV[1]) and redis.call('HGET', KEYS[1], 'consumedAt')
if write() and consumedAt then redis.call('HSET', KEYS[1], 'consumedAt', consumedAt) end
return 1`,

  artifactReplace: `${isLive}${write}
if not isLive(ARGV[1]) then return 0 end
local kept = redis.call('HMGET', KEYS[1], 'consumedAt', 'epoch')
if write() then
  if kept[1] then redis.call('HSETNX', KEYS[1], 'consumedAt', kept[1]) end
  if kept[2] then redis.call('HSETNX', KEYS[1], 'epoch', kept[2]) end
end
return 1`,

  artifactSetEpoch: `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1])
return 1`,

  artifactPutIfAbsent: `${isLive}${write}
if isLive(ARGV[1]) then return 0 end
write()
return 1`,

  // HSETNX would make a record out of a key that has just expired: a record without payload that never ends.
  artifactConsume: `${isLive}
if not isLive(ARGV[1]) then return 0 end
return redis.call('HSETNX', KEYS[1], 'consumedAt', ARGV[1])`,

  // The index may be older than the record, which may carry another grant or account by now.
  artifactRemoveIf: `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('DEL', KEYS[1])`,

  // GT: a record that is written again with a shorter life keeps its longer one until that write arrives.
  indexByExpiry: `
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[3])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
if last == 'inf' then
  redis.call('PERSIST', KEYS[1])
elseif last then
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', tonumber(last) - tonumber(ARGV[3])))
end
return 1`,

  // Scored by order of writing. A few are kept, for the rare moment in which several records share the value.
  indexLatest: `
local ttl = redis.call('PTTL', KEYS[1])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
redis.call('ZADD', KEYS[1], (last and tonumber(last) or 0) + 1, ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -9)
if ARGV[2] == '' then
  redis.call('PERSIST', KEYS[1])
elseif ttl ~= -1 and tonumber(ARGV[2]) > ttl then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1`,
}

/** The span that began is kept with the count; the key ends with it. */
const isCounting = `
local function isCounting(now)
  local resetAt = redis.call('HGET', KEYS[1], 'resetAt')
  return resetAt and tonumber(resetAt) > tonumber(now)
end
`

const limitScripts = {
  limitHit: `${isCounting}
if not isCounting(ARGV[1]) then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'count', 0, 'resetAt', ARGV[3])
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
local count = redis.call('HINCRBY', KEYS[1], 'count', 1)
return {count, tonumber(redis.call('HGET', KEYS[1], 'resetAt'))}`,

  limitRelease: `${isCounting}
if not isCounting(ARGV[1]) then return 0 end
if tonumber(redis.call('HGET', KEYS[1], 'count')) <= 0 then return 0 end
redis.call('HINCRBY', KEYS[1], 'count', -1)
return 1`,
}

/** Teaches the client the commands above. */
export function defineScripts(client: Redis | Cluster): void {
  for (const [name, lua] of Object.entries({ ...scripts, ...limitScripts })) {
    client.defineCommand(name, { lua, numberOfKeys: 1 })
  }
}
