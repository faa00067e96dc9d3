import type { Clock } from '#lib/clock.ts'
import type { ArtifactStore } from '#storage/artifacts.ts'
import type { RedisConnection } from './connection.ts'
import { createIndexes } from './indexes.ts'
import type { Indexes } from './indexes.ts'
import { fromFields, recordName, toWriteArguments } from './record.ts'

export interface RedisArtifactsOptions {
  connection: RedisConnection
  /** Begins every key; without braces. */
  prefix: string
  now: Clock
}

/** How many records of a grant are removed at once. */
const removalBatch = 100

/**
 * Artifacts in Redis: a record is a hash that expires by itself, found by its key or through an index (`indexes.ts`).
 * Redis must not evict (`maxmemory-policy noeviction`): without its ReplayDetection a proof could be used twice.
 */
export function createRedisArtifacts(options: RedisArtifactsOptions): ArtifactStore {
  const indexes = createIndexes(options)
  return {
    ...createRecords(options, indexes),
    ...createSearches(options, indexes),
    removeByGrant: createRemoveByGrant(options, indexes),
    // Redis does it.
    removeExpired: () => Promise.resolve(0),
  }
}

function createRecords(
  { connection, prefix, now }: RedisArtifactsOptions,
  indexes: Indexes,
): Pick<ArtifactStore, 'put' | 'putIfAbsent' | 'consume' | 'remove'> {
  return {
    async put(model, key, artifact) {
      await indexes.write(model, key, artifact)
      const record = recordKey(prefix, recordName(model, key))
      const values = toWriteArguments(artifact, now())
      await connection.run((redis) => redis.artifactPut(record, ...values))
    },

    async putIfAbsent(model, key, artifact) {
      await indexes.write(model, key, artifact)
      const record = recordKey(prefix, recordName(model, key))
      const values = toWriteArguments(artifact, now())
      return (await connection.run((redis) => redis.artifactPutIfAbsent(record, ...values))) === 1
    },

    async consume(model, key) {
      const record = recordKey(prefix, recordName(model, key))
      return (await connection.run((redis) => redis.artifactConsume(record, now()))) === 1
    },

    async remove(model, key) {
      const record = recordKey(prefix, recordName(model, key))
      await connection.run((redis) => redis.del(record))
    },
  }
}

function createSearches(
  { connection, prefix, now }: RedisArtifactsOptions,
  indexes: Indexes,
): Pick<ArtifactStore, 'find' | 'findSessionByUid' | 'findDeviceCodeByUserCode'> {
  const find: ArtifactStore['find'] = async (model, key) => {
    const record = recordKey(prefix, recordName(model, key))
    const artifact = fromFields(key, await connection.run((redis) => redis.hgetall(record)))
    return artifact?.expiresAt !== undefined && artifact.expiresAt <= now() ? undefined : artifact
  }
  return {
    find,

    async findSessionByUid(uid) {
      for (const key of await indexes.sessionKeys(uid)) {
        const session = await find('Session', key)
        if (session?.uid === uid) return session
      }
      return undefined
    },

    async findDeviceCodeByUserCode(userCodeHash) {
      for (const key of await indexes.deviceCodeKeys(userCodeHash)) {
        const code = await find('DeviceCode', key)
        if (code?.userCodeHash === userCodeHash) return code
      }
      return undefined
    },
  }
}

function createRemoveByGrant(
  { connection, prefix }: RedisArtifactsOptions,
  indexes: Indexes,
): ArtifactStore['removeByGrant'] {
  return async (grantId) => {
    const names = await indexes.namesOfGrant(grantId)
    for (let start = 0; start < names.length; start += removalBatch) {
      const batch = names.slice(start, start + removalBatch)
      const removals = batch.map((name) =>
        connection.run((redis) => redis.artifactRemoveOfGrant(recordKey(prefix, name), grantId)),
      )
      await Promise.all(removals)
      await indexes.forgetOfGrant(grantId, batch)
    }
  }
}

/** The braces make a cluster keep everything about one record in one slot. */
const recordKey = (prefix: string, name: string): string => `${prefix}{${name}}`
