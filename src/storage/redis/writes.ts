import type { ArtifactStore, ArtifactWrite } from '#storage/artifacts.ts'
import type { RedisConnection } from './connection.ts'
import type { Indexes } from './indexes.ts'
import { recordKey, recordName, type ToArguments } from './record.ts'

/** What `write` is made of: the verbs of single records. */
export interface WritesParts {
  connection: RedisConnection
  prefix: string
  indexes: Indexes
  toArguments: ToArguments
  records: Pick<ArtifactStore, 'put' | 'consume' | 'remove' | 'find'>
}

/**
 * Batches, and the end of sessions. A session that changes its key is two records in two slots, which no script can touch
 * together. So its end and the change each leave a mark first and look for the other's after: the end notes itself, then
 * removes every key that the index has; the change enters the new key in the index, writes the record, and takes it back
 * when an end is noted. Whichever comes second sees the first.
 */
export function createWrites(
  parts: WritesParts,
): Pick<ArtifactStore, 'write' | 'endSession'> & SessionEpochs {
  const { connection, prefix, indexes, records } = parts
  const keyOf = (key: string): string => recordKey(prefix, recordName('Session', key))
  return {
    async write(batch) {
      for (const write of batch) {
        if (isRefusable(write) && !(await apply(parts, write))) return write
      }
      await Promise.all(
        batch.map(async (write) => {
          const { verb, model, key } = write
          if (verb === 'add') await records.put(model, key, write.artifact)
          if (verb === 'remove') await records.remove(model, key)
        }),
      )
      return undefined
    },
    async endSession(uid) {
      await indexes.noteEnd(uid)
      for (const key of await indexes.sessionKeys(uid)) await records.remove('Session', key)
    },
    async setSessionEpoch(uid, epoch) {
      for (const key of await indexes.sessionKeys(uid))
        await connection.run((redis) => redis.artifactSetEpoch(keyOf(key), epoch))
    },
  }
}

export interface SessionEpochs {
  /** Brings a session that outlives the end of all others to the account's new epoch. */
  setSessionEpoch(uid: string, epoch: number): Promise<void>
}

type Replacement = Extract<ArtifactWrite, { verb: 'replace' }>
type Refusable = Replacement | Extract<ArtifactWrite, { verb: 'consume' }>

const isRefusable = (write: ArtifactWrite): write is Refusable =>
  write.verb === 'replace' || write.verb === 'consume'

async function apply(parts: WritesParts, write: Refusable): Promise<boolean> {
  const { verb, model, key } = write
  if (verb === 'consume') return parts.records.consume(model, key)
  const { to = key } = write
  return to === key ? replace(parts, write) : move(parts, { ...write, to })
}

async function replace(
  { connection, prefix, indexes, toArguments }: WritesParts,
  { model, key, artifact }: Replacement,
): Promise<boolean> {
  await indexes.write(model, key, artifact)
  const record = recordKey(prefix, recordName(model, key))
  const values = toArguments(artifact)
  return (await connection.run((redis) => redis.artifactReplace(record, ...values))) === 1
}

async function move(
  { indexes, records }: WritesParts,
  { model, key, to, artifact }: Replacement & { to: string },
): Promise<boolean> {
  const { uid = '' } = artifact
  const before = await records.find(model, key)
  if (!before || (await indexes.hasEnded(uid))) return false
  await records.put(model, to, { ...artifact, epoch: artifact.epoch ?? before.epoch })
  const hasEnded = await indexes.hasEnded(uid)
  await records.remove(model, hasEnded ? to : key)
  return !hasEnded
}
