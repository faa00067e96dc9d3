import type { Clock } from '#lib/clock.ts'
import type { Artifact, ArtifactModel } from '#storage/artifacts.ts'
import type { RedisConnection } from './connection.ts'
import { recordName } from './record.ts'

/**
 * What leads to records: by grant (names, scored by expiry, trimmed at every write), by a session's uid and by a
 * device's user code (the latest few keys).
 *
 * An index is written before its record, so that a crash in between leaves an entry that leads nowhere, never a token
 * that cannot be found and revoked. For the same reason removing a record leaves its entries, because the same record
 * may just be written again; and so an old session's end cannot cost its successor the uid. Entries go when they have
 * expired, and whoever follows one checks that the record still says the same.
 */
export interface Indexes {
  /** Resolves once everything that must lead to the record does. */
  write(model: ArtifactModel, key: string, artifact: Artifact): Promise<void>
  /** Names of records that may carry the grant. */
  namesOfGrant(grantId: string): Promise<string[]>
  forgetOfGrant(grantId: string, names: readonly string[]): Promise<void>
  /** Keys of sessions that may have the uid, the latest first. */
  sessionKeys(uid: string): Promise<string[]>
  /** Keys of device codes that may have the user code, the latest first. */
  deviceCodeKeys(userCodeHash: string): Promise<string[]>
}

/** How much longer an index lives than what it leads to: it is written earlier, and clocks of processes differ. */
const marginMs = 60_000

interface IndexesOptions {
  connection: RedisConnection
  prefix: string
  now: Clock
}

export function createIndexes({ connection, prefix, now }: IndexesOptions): Indexes {
  const grantKey = (grantId: string) => `${prefix}{grant:${grantId}}`
  const uidKey = (uid: string) => `${prefix}{uid:${uid}}`
  const userCodeKey = (userCodeHash: string) => `${prefix}{user-code:${userCodeHash}}`

  const addLatest = (index: string, key: string, expiresAt: number | undefined) => {
    const px = expiresAt === undefined ? '' : expiresAt - now() + marginMs
    return connection.run((redis) => redis.indexLatest(index, key, px))
  }
  const latest = (index: string) => connection.run((redis) => redis.zrevrange(index, 0, -1))

  return {
    async write(model, key, { grantId, uid, userCodeHash, expiresAt }) {
      const writes: Promise<number>[] = []
      if (grantId !== undefined) {
        const entry = [recordName(model, key), expiresAt ?? '+inf', now() - marginMs] as const
        writes.push(connection.run((redis) => redis.indexByExpiry(grantKey(grantId), ...entry)))
      }
      if (model === 'Session' && uid !== undefined) {
        writes.push(addLatest(uidKey(uid), key, expiresAt))
      }
      if (model === 'DeviceCode' && userCodeHash !== undefined) {
        writes.push(addLatest(userCodeKey(userCodeHash), key, expiresAt))
      }
      await Promise.all(writes)
    },

    namesOfGrant: (grantId) =>
      connection.run((redis) => redis.zrange(grantKey(grantId), '0', '-1')),

    async forgetOfGrant(grantId, names) {
      await connection.run((redis) => redis.zrem(grantKey(grantId), ...names))
    },

    sessionKeys: (uid) => latest(uidKey(uid)),
    deviceCodeKeys: (userCodeHash) => latest(userCodeKey(userCodeHash)),
  }
}
