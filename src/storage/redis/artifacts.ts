import { growingMicroseconds, type Clock } from '#lib/clock.ts'
import type { ArtifactModel, ArtifactStore, StoredArtifact } from '#storage/artifacts.ts'
import type { RedisConnection } from './connection.ts'
import { createIndexes } from './indexes.ts'
import type { Indexes, Owner } from './indexes.ts'
import {
  fromFields,
  partsOf,
  recordKey,
  recordName,
  toWriteArguments,
  type ToArguments,
} from './record.ts'
import { createWrites, type SessionEpochs } from './writes.ts'

export interface RedisArtifactsOptions {
  connection: RedisConnection
  /** Begins every key; without braces. */
  prefix: string
  now: Clock
}

/** How many records of a grant or an account are read or removed at once. */
const batchSize = 100

/**
 * Artifacts in Redis: a record is a hash that expires by itself, found by its key or through an index (`indexes.ts`).
 * Redis must not evict (`maxmemory-policy noeviction`): without its ReplayDetection a proof could be used twice.
 * Accounts are in SQL, so epochs are kept here and compared in `join.ts`.
 */
export function createRedisArtifacts(
  options: RedisArtifactsOptions,
): ArtifactStore & SessionEpochs {
  const { now } = options
  const writtenAt = growingMicroseconds(now)
  const toArguments: ToArguments = (artifact) =>
    toWriteArguments(artifact, { at: now(), writtenAt: writtenAt() })
  const indexes = createIndexes(options)
  const read = createRead(options)
  const records = {
    ...createRecords(options, { indexes, toArguments }),
    ...createSearches(read, indexes),
  }
  return {
    ...records,
    ...createWrites({ ...options, indexes, toArguments, records }),
    listByAccount: createListByAccount(read, indexes),
    ...createRemovals(options, indexes),
    countLive: (model) => indexes.count(model),
    // Redis does it.
    removeExpired: () => Promise.resolve(0),
  }
}

function createRecords(
  { connection, prefix, now }: RedisArtifactsOptions,
  { indexes, toArguments }: { indexes: Indexes; toArguments: ToArguments },
): Pick<ArtifactStore, 'put' | 'putIfAbsent' | 'consume' | 'remove'> {
  return {
    async put(model, key, artifact) {
      await indexes.write(model, key, artifact)
      const record = recordKey(prefix, recordName(model, key))
      const values = toArguments(artifact)
      await connection.run((redis) => redis.artifactPut(record, ...values))
    },

    async putIfAbsent(model, key, artifact) {
      await indexes.write(model, key, artifact)
      const record = recordKey(prefix, recordName(model, key))
      const values = toArguments(artifact)
      return (await connection.run((redis) => redis.artifactPutIfAbsent(record, ...values))) === 1
    },

    async consume(model, key) {
      const record = recordKey(prefix, recordName(model, key))
      const won = (await connection.run((redis) => redis.artifactConsume(record, now()))) === 1
      if (won) await indexes.uncount(model, key)
      return won
    },

    async remove(model, key) {
      const record = recordKey(prefix, recordName(model, key))
      await connection.run((redis) => redis.del(record))
      await indexes.uncount(model, key)
    },
  }
}

type Read = (
  model: ArtifactModel,
  key: string,
) => Promise<{ artifact: StoredArtifact; writtenAt: number } | undefined>

/** Reads a record that lives. */
function createRead({ connection, prefix, now }: RedisArtifactsOptions): Read {
  return async (model, key) => {
    const record = recordKey(prefix, recordName(model, key))
    const fields = await connection.run((redis) => redis.hgetall(record))
    const artifact = fromFields(key, fields)
    if (!artifact || (artifact.expiresAt ?? Infinity) <= now()) return undefined
    return { artifact, writtenAt: Number(fields['writtenAt'] ?? 0) }
  }
}

function createSearches(
  read: Read,
  indexes: Indexes,
): Pick<ArtifactStore, 'find' | 'findSessionByUid' | 'findDeviceCodeByUserCode'> {
  const find: ArtifactStore['find'] = async (model, key) => (await read(model, key))?.artifact
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

function createListByAccount(read: Read, indexes: Indexes): ArtifactStore['listByAccount'] {
  return async (model, accountId) => {
    const names = await indexes.namesOf({ field: 'accountId', id: accountId })
    const keys = names.filter(isOf(model)).map((name) => name.slice(recordName(model, '').length))
    const found = []
    for (const batch of batches(keys)) {
      found.push(...(await Promise.all(batch.map((key) => read(model, key)))))
    }
    return found
      .filter((one) => one !== undefined)
      .filter(({ artifact }) => artifact.accountId === accountId)
      .sort((a, b) => b.writtenAt - a.writtenAt)
      .map(({ artifact }) => artifact)
  }
}

function createRemovals(
  { connection, prefix }: RedisArtifactsOptions,
  indexes: Indexes,
): Pick<ArtifactStore, 'removeByGrant' | 'removeByAccount' | 'removeByClient'> {
  const remove = async (owner: Owner, isMeant: (name: string) => boolean) => {
    const names = await indexes.namesOf(owner)
    for (const batch of batches(names.filter(isMeant))) {
      const removals = batch.map((name) =>
        connection.run((redis) =>
          redis.artifactRemoveIf(recordKey(prefix, name), owner.field, owner.id),
        ),
      )
      const removed = await Promise.all(removals)
      const gone = batch.filter((_, index) => removed[index] === 1)
      await Promise.all(gone.map((name) => indexes.uncount(...partsOf(name))))
      await indexes.forget(owner, batch)
    }
  }
  return {
    removeByClient: (clientId) => remove({ field: 'clientId', id: clientId }, () => true),
    removeByGrant: (grantId) => remove({ field: 'grantId', id: grantId }, () => true),
    removeByAccount: (accountId, models) =>
      remove(
        { field: 'accountId', id: accountId },
        (name) => !models || models.some((model) => isOf(model)(name)),
      ),
  }
}

/** Whether a record's name is of the model. */
const isOf =
  (model: ArtifactModel) =>
  (name: string): boolean =>
    name.startsWith(recordName(model, ''))

function* batches(names: readonly string[]): Generator<string[]> {
  for (let start = 0; start < names.length; start += batchSize) {
    yield names.slice(start, start + batchSize)
  }
}
