import { newSecret } from '#lib/ids.ts'
import type { Clock } from '#lib/clock.ts'
import { TimeIsUp, within } from '#lib/within.ts'
import type { ArtifactStore } from '#storage/artifacts.ts'
import { stateOf, type State } from '#storage/state.ts'
import type { Storage } from '#storage/storage.ts'
import type { Run } from './run.ts'

export interface CheckParts {
  run: Run
  artifacts: Pick<ArtifactStore, 'put' | 'remove'>
  /** When a write was last refused for want of room; on the clock of `performance.now`. */
  lastFullAt(): number
  now: Clock
}

const writeEveryMs = 2000
/** A load balancer asks whether to send requests now; a dependency that takes longer than this is not serving. */
const patienceMs = 3000

/** Larger than a page of any database, so that one that is full cannot put it where there is a little room left. */
const payload = 'x'.repeat(20_000)

/** `check` of the contract. However many ask at once, and however often, the database is asked by one of them. */
export function createCheck({ run, artifacts, lastFullAt, now }: CheckParts): Storage['check'] {
  const write = async (): Promise<void> => {
    const key = newSecret()
    await artifacts.put('WriteProbe', key, { payload, expiresAt: now() + 60_000 })
    await artifacts.remove('WriteProbe', key)
  }
  const reads = shared(0, () => stateOf(run('SELECT 1 AS one', [])))
  const tries = shared(writeEveryMs, () => stateOf(write()))
  // A try may find room that a larger write does not.
  const writes = async (): Promise<State> => {
    const state = await tries()
    return state === 'ok' && performance.now() - lastFullAt() < writeEveryMs ? 'full' : state
  }
  return async () => {
    const database = await inTime(reads)
    return { database, writes: database === 'ok' ? await inTime(writes) : database }
  }
}

const inTime = (ask: () => Promise<State>): Promise<State> =>
  within(patienceMs, ask).catch((error: unknown) => {
    if (error instanceof TimeIsUp) return 'timeout'
    throw error
  })

/** One call at a time, whose answer is good for `ms` after it was asked for. */
function shared<T>(ms: number, ask: () => Promise<T>): () => Promise<T> {
  let last: { answer: Promise<T>; at: number; isOver: boolean } | undefined
  return () => {
    if (last && (!last.isOver || performance.now() - last.at < ms)) return last.answer
    const call = { answer: ask(), at: performance.now(), isOver: false }
    last = call
    void call.answer.finally(() => (call.isOver = true))
    return call.answer
  }
}
