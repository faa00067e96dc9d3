import { AsyncLocalStorage } from 'node:async_hooks'
import type {
  Artifact,
  ArtifactModel,
  ArtifactStore,
  ArtifactWrite,
  StoredArtifact,
} from '#storage/artifacts.ts'

/**
 * What one request writes through the engine, gathered and written together before its answer leaves: all of it or none.
 * The engine saves its models one by one and whole. Gathered, a refresh token is spent in the very transaction that
 * writes its successor, and a record that was read is written again only if it is still there.
 */
export interface UnitOfWork {
  /** The record as this request sees it, with its own writes. */
  find(model: ArtifactModel, key: string): Promise<StoredArtifact | undefined>
  /** The same, if this request has read or written it. */
  known(model: ArtifactModel, key: string): StoredArtifact | undefined
  /** Notes a record that was found by another way. */
  saw(model: ArtifactModel, stored: StoredArtifact): void
  /** Writes the record again if this request has read it, else a new one. */
  save(model: ArtifactModel, key: string, artifact: Artifact): void
  consume(model: ArtifactModel, key: string): void
  remove(model: ArtifactModel, key: string): void
  /** The epoch in which the account signed in, as far as this request knows. */
  epochOf(accountId: string): number | undefined
  noteSignIn(accountId: string, epoch: number): void
  /** For what must only happen if the writes are made. */
  afterCommit(act: () => void): void
  /** Makes the writes. Resolves to the first that was refused, with none made; undefined when all are. */
  commit(): Promise<ArtifactWrite | undefined>
  /** Forgets them. */
  discard(): void
}

const units = new AsyncLocalStorage<UnitOfWork>()

/** The unit of work of the request that is being answered, if there is one. */
export const currentUnit = (): UnitOfWork | undefined => units.getStore()

/** Does `work` in a unit of its own, which it must commit. */
export const inUnit = <T>(
  artifacts: ArtifactStore,
  work: (unit: UnitOfWork) => Promise<T>,
): Promise<T> => {
  const unit = createUnitOfWork(artifacts)
  return units.run(unit, () => work(unit))
}

/** A write of the unit was refused: what it belongs to has ended, or another request was faster. */
export class Overtaken extends Error {
  readonly write: ArtifactWrite
  constructor(write: ArtifactWrite) {
    super(`${write.model} was changed meanwhile`)
    this.write = write
  }
}

/** Does `work`, and makes what it wrote: in the unit of the request, or else in one of its own. Rejects with Overtaken. */
export const committed = async <T>(
  artifacts: ArtifactStore,
  work: () => Promise<T>,
): Promise<T> => {
  if (currentUnit()) return work()
  return inUnit(artifacts, async (unit) => {
    const result = await work()
    const refused = await unit.commit()
    if (refused) throw new Overtaken(refused)
    return result
  })
}

const nameOf = (model: ArtifactModel, key: string): string => `${model}:${key}`

function createUnitOfWork(artifacts: ArtifactStore): UnitOfWork {
  /** Records as this request sees them; undefined for one that it has removed. */
  const seen = new Map<string, StoredArtifact | undefined>()
  const writes = new Map<string, ArtifactWrite>()
  /** By uid: sessions that end with this request, unless they go on under another key. */
  const ending = new Map<string, StoredArtifact>()
  const epochs = new Map<string, number>()
  let acts: (() => void)[] = []

  /** How a record comes to be written: for the first time, again, or under another key. */
  const writeOf = (model: ArtifactModel, key: string, artifact: Artifact): ArtifactWrite => {
    const name = nameOf(model, key)
    const pending = writes.get(name)
    if (pending?.verb === 'add' || pending?.verb === 'replace') return { ...pending, artifact }
    const former = seen.get(name) ?? ending.get(artifact.uid ?? '')
    if (!former) return { verb: 'add', model, key, artifact }
    ending.delete(artifact.uid ?? '')
    // The account may be in another epoch by now, and have taken this session along.
    const epoch = artifact.epoch === former.epoch ? undefined : artifact.epoch
    return { verb: 'replace', model, key: former.key, to: key, artifact: { ...artifact, epoch } }
  }
  const discard = (): void => {
    writes.clear()
    ending.clear()
    acts = []
  }

  const saw: UnitOfWork['saw'] = (model, stored) => {
    seen.set(nameOf(model, stored.key), stored)
    if (stored.accountId !== undefined && stored.epoch !== undefined)
      epochs.set(stored.accountId, stored.epoch)
  }

  return {
    async find(model, key) {
      const name = nameOf(model, key)
      if (seen.has(name)) return seen.get(name)
      const stored = await artifacts.find(model, key)
      if (stored) saw(model, stored)
      return stored
    },
    known: (model, key) => seen.get(nameOf(model, key)),
    saw,
    save(model, key, artifact) {
      const name = nameOf(model, key)
      const { consumedAt } = seen.get(name) ?? {}
      writes.set(name, writeOf(model, key, artifact))
      seen.set(name, { ...artifact, key, consumedAt })
    },
    consume(model, key) {
      writes.set(`spend ${nameOf(model, key)}`, { verb: 'consume', model, key })
    },
    remove(model, key) {
      const name = nameOf(model, key)
      const stored = seen.get(name)
      if (stored?.uid !== undefined) ending.set(stored.uid, stored)
      else writes.set(name, { verb: 'remove', model, key })
      seen.set(name, undefined)
    },
    epochOf: (accountId) => epochs.get(accountId),
    noteSignIn: (accountId, epoch) => void epochs.set(accountId, epoch),
    afterCommit: (act) => void acts.push(act),
    async commit() {
      for (const uid of ending.keys()) await artifacts.endSession(uid)
      const refused = writes.size > 0 ? await artifacts.write([...writes.values()]) : undefined
      const due = refused ? [] : acts
      discard()
      for (const act of due) act()
      return refused
    },
    discard,
  }
}

/** Acts on what has happened only if the writes of the request are made: after them, or at once where nothing is held back. */
export function whenCommitted(act: () => void): void {
  const unit = currentUnit()
  if (unit) unit.afterCommit(act)
  else act()
}
