import type { Clock } from '#lib/clock.ts'
import {
  countedModels,
  type Artifact,
  type ArtifactModel,
  type CountedModel,
} from '#storage/artifacts.ts'
import type { RedisConnection } from './connection.ts'
import { recordName } from './record.ts'

/**
 * What leads to records: by grant, by account and by client (names, scored by expiry, trimmed at every write), by a
 * session's uid and by a device's user code (the latest few keys). Those of models that are counted are listed likewise.
 *
 * An index is written before its record, so that a crash in between leaves an entry that leads nowhere, never a token
 * that cannot be found and revoked. For the same reason removing a record leaves its entries, because the same record
 * may just be written again; and so an old session's end cannot cost its successor the uid. Entries go when they have
 * expired, and anyone who follows one checks that the record still says the same.
 */
export interface Indexes {
  /** Resolves once everything that must lead to the record does. */
  write(model: ArtifactModel, key: string, artifact: Artifact): Promise<void>
  /** Names of records that may carry the grant, the account or the client. */
  namesOf(owner: Owner): Promise<string[]>
  forget(owner: Owner, names: readonly string[]): Promise<void>
  /** The record will not come back as it is: it does not count any more. */
  uncount(model: ArtifactModel, key: string): Promise<void>
  /** How many records of the model live. */
  count(model: CountedModel): Promise<number>
  /** Keys of sessions that may have the uid, the latest first. */
  sessionKeys(uid: string): Promise<string[]>
  /** Notes that the session has ended, for requests that are writing a record of it at this moment. */
  noteEnd(uid: string): Promise<void>
  hasEnded(uid: string): Promise<boolean>
  /** Keys of device codes that may have the user code, the latest first. */
  deviceCodeKeys(userCodeHash: string): Promise<string[]>
}

/** What records are removed by: a grant, an account or a client. */
export interface Owner {
  field: (typeof ownerFields)[number]
  id: string
}

const ownerFields = ['grantId', 'accountId', 'clientId'] as const
const ownerNames = { grantId: 'grant', accountId: 'account', clientId: 'client' } as const

const isCounted = (model: ArtifactModel): model is CountedModel =>
  countedModels.some((counted) => counted === model)

/** Longer than any request takes that had read the session before its end. */
const endedMs = 3_600_000

/** How much longer an index lives than what it leads to: it is written earlier, and clocks of processes differ. */
const marginMs = 60_000

interface IndexesOptions {
  connection: RedisConnection
  prefix: string
  now: Clock
}

export function createIndexes({ connection, prefix, now }: IndexesOptions): Indexes {
  const ownerKey = ({ field, id }: Owner) => `${prefix}{${ownerNames[field]}:${id}}`
  const liveKey = (model: CountedModel) => `${prefix}{live:${model}}`
  const uidKey = (uid: string) => `${prefix}{uid:${uid}}`
  const endedKey = (uid: string) => `${uidKey(uid)}:ended`
  const userCodeKey = (userCodeHash: string) => `${prefix}{user-code:${userCodeHash}}`

  const addLatest = (index: string, key: string, expiresAt: number | undefined) => {
    const px = expiresAt === undefined ? '' : expiresAt - now() + marginMs
    return connection.run((redis) => redis.indexLatest(index, key, px))
  }
  const latest = (index: string) => connection.run((redis) => redis.zrevrange(index, 0, -1))

  return {
    async write(model, key, artifact) {
      const { uid, userCodeHash, expiresAt } = artifact
      const entry = [recordName(model, key), expiresAt ?? '+inf', now() - marginMs] as const
      const add = (index: string) => connection.run((redis) => redis.indexByExpiry(index, ...entry))
      const writes: Promise<number>[] = []
      for (const field of ownerFields) {
        const id = artifact[field]
        if (id !== undefined) writes.push(add(ownerKey({ field, id })))
      }
      if (isCounted(model)) writes.push(add(liveKey(model)))
      if (model === 'Session' && uid !== undefined) {
        writes.push(addLatest(uidKey(uid), key, expiresAt))
      }
      if (model === 'DeviceCode' && userCodeHash !== undefined) {
        writes.push(addLatest(userCodeKey(userCodeHash), key, expiresAt))
      }
      await Promise.all(writes)
    },

    namesOf: (owner) => connection.run((redis) => redis.zrange(ownerKey(owner), '0', '-1')),

    async forget(owner, names) {
      await connection.run((redis) => redis.zrem(ownerKey(owner), ...names))
    },

    async uncount(model, key) {
      if (!isCounted(model)) return
      await connection.run((redis) => redis.zrem(liveKey(model), recordName(model, key)))
    },
    count: (model) => connection.run((redis) => redis.zcount(liveKey(model), `(${now()}`, '+inf')),

    sessionKeys: (uid) => latest(uidKey(uid)),
    async noteEnd(uid) {
      await connection.run((redis) => redis.set(endedKey(uid), '1', 'PX', endedMs))
    },
    hasEnded: async (uid) => (await connection.run((redis) => redis.exists(endedKey(uid)))) === 1,
    deviceCodeKeys: (userCodeHash) => latest(userCodeKey(userCodeHash)),
  }
}
