import PQueue from 'p-queue'
import { Refused } from './visitor.ts'

/** Looks at the server after the fault; resolves to what is wrong, or to undefined when all is well. */
export type Check = () => Promise<string | undefined>

/**
 * What the server has promised during a fault, and how each promise is checked afterwards. A request is acknowledged
 * once its whole answer, 2xx or 3xx, has arrived. One without an answer is cut: it may have happened or not, but its
 * client must be able to go on.
 */
export interface Ledger {
  /** Sends a request. `kept` checks what its answer promised, `cut` what must hold when no answer came. */
  attempt<T>(kind: string, request: () => Promise<T>, after: After<T>): Promise<T>
  /** A value that was used up: `replay` presents it again and tells when that works. */
  spent(kind: string, replay: Check, when?: 'now' | 'after grace'): void
  /** A sign-in that was acknowledged, and that the audit log must have. */
  signedIn(accountId: string): void
  signIns: Map<string, number>
  /** How many requests were acknowledged so far. */
  acknowledged(): number
  /** Checks everything, once. `passGrace` resolves when no spent refresh token has a grace any more. */
  verify(passGrace: () => Promise<void>): Promise<Tally>
}

interface After<T> {
  kept?(answer: T): Check
  cut?: Check
}

/** Counts of one kind: what was promised, and what of it was not found. */
export interface Row {
  acknowledged: number
  lost: number
  cut: number
  broken: number
  spent: number
  revived: number
}

export interface Tally {
  rows: Map<string, Row>
  /** One line for everything that is wrong. */
  problems: Problem[]
}

export interface Problem {
  kind: string
  what: 'lost' | 'broken' | 'revived'
  text: string
}

interface Claim {
  kind: string
  what: Problem['what']
  check: Check
}

const atOnce = 6

export function createLedger(): Ledger {
  const rows = new Map<string, Row>()
  const claims: Record<'cut' | 'kept' | 'now' | 'after grace', Claim[]> = {
    cut: [],
    kept: [],
    now: [],
    'after grace': [],
  }
  const signIns = new Map<string, number>()
  const rowOf = (kind: string): Row => {
    const row = rows.get(kind) ?? emptyRow()
    rows.set(kind, row)
    return row
  }

  return {
    signIns,
    acknowledged: () => [...rows.values()].reduce((all, row) => all + row.acknowledged, 0),
    async attempt(kind, request, { kept, cut }) {
      try {
        const answer = await request()
        rowOf(kind).acknowledged += 1
        if (kept) claims.kept.push({ kind, what: 'lost', check: kept(answer) })
        return answer
      } catch (error) {
        if (!(error instanceof Refused)) {
          rowOf(kind).cut += 1
          if (cut) claims.cut.push({ kind, what: 'broken', check: cut })
        }
        throw error
      }
    },
    spent(kind, replay, when = 'now') {
      rowOf(kind).spent += 1
      claims[when].push({ kind, what: 'revived', check: replay })
    },
    signedIn: (accountId) => void signIns.set(accountId, (signIns.get(accountId) ?? 0) + 1),
    async verify(passGrace) {
      const problems: Problem[] = []
      const look = async (some: readonly Claim[]): Promise<void> => {
        const queue = new PQueue({ concurrency: atOnce })
        const found = await queue.addAll(some.map((claim) => () => problemOf(claim)))
        problems.push(...found.filter((problem) => problem !== undefined))
      }
      // Clients that were cut off come back first. A replay ends what it belongs to, so replays come last, and of one
      // client the newest first: it is the one that a crash would revive.
      await look(claims.cut)
      await look(claims.kept)
      await look(claims.now)
      await passGrace()
      await look(claims['after grace'].toReversed())
      for (const { kind, what } of problems) rowOf(kind)[what] += 1
      return { rows, problems }
    },
  }
}

async function problemOf({ kind, what, check }: Claim): Promise<Problem | undefined> {
  const text = await check().catch((error: unknown) => String(error))
  return text === undefined ? undefined : { kind, what, text }
}

export const emptyRow = (): Row => ({
  acknowledged: 0,
  lost: 0,
  cut: 0,
  broken: 0,
  spent: 0,
  revived: 0,
})
