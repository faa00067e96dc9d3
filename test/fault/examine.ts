import { setTimeout as sleep } from 'node:timers/promises'
import { emptyRow, type Problem, type Row, type Tally } from './ledger.ts'
import type { World } from './load/world.ts'
import { graceSeconds, type Stage } from './stage.ts'

/** The kind under which sign-ins that the audit log has lost are counted. */
export const auditKind = 'audit event of a sign-in'

/** What a fault may cost, because we say so. */
export interface Allowance {
  /** Kinds whose promises may be lost. */
  lost?: readonly string[]
  /** Answers that an honest client may get. */
  refused?: RegExp
}

/** Checks everything that the people of the world were promised, on a server that runs and is well. */
export async function examine(
  stage: Stage,
  world: World,
  allowance: Allowance = {},
): Promise<Tally> {
  // First, because the checks sign in too.
  const lost = await lostEvents(stage, world)
  const { rows, problems } = await world.ledger.verify(() =>
    stage.clock.pass((graceSeconds + 1) * 1000),
  )
  const isAllowed = ({ what, kind }: Problem): boolean =>
    what === 'lost' && allowance.lost?.includes(kind) === true
  rows.set(auditKind, { ...emptyRow(), acknowledged: 2 * sum(world.ledger.signIns), lost })
  return { rows, problems: problems.filter((problem) => !isAllowed(problem)) }
}

const sum = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((all, count) => all + count, 0)

/** Each sign-in is two events. */
const types = ['login.succeeded', 'token.issued']

async function lostEvents(stage: Stage, { visitor, ledger }: World): Promise<number> {
  const token = await stage.administrator(visitor)
  const missing = async (actor: string, expected: number): Promise<number> => {
    const found = await Promise.all(
      types.map(async (type) => {
        const query = new URLSearchParams({ actor, type, limit: '100' })
        const { events } = await visitor.expect(`200 GET /admin/audit?${String(query)}`, { token })
        return Math.min(expected, events.length)
      }),
    )
    return types.length * expected - found.reduce((all, count) => all + count, 0)
  }
  let open = [...ledger.signIns]
  // A server that was not killed may still be writing them.
  for (let tries = 0; ; tries += 1) {
    const counts: number[] = []
    for (const [actor, expected] of open) counts.push(await missing(actor, expected))
    open = open.filter((_, index) => counts[index]! > 0)
    if (open.length === 0 || tries === 3) return counts.reduce((all, count) => all + count, 0)
    await sleep(500)
  }
}

/** Several rounds as one. */
export function mergeTallies(tallies: readonly Tally[]): Tally {
  const rows = new Map<string, Row>()
  for (const [kind, row] of tallies.flatMap(({ rows }) => [...rows])) {
    const sum = rows.get(kind) ?? emptyRow()
    for (const name of Object.keys(row) as (keyof Row)[]) sum[name] += row[name]
    rows.set(kind, sum)
  }
  return { rows, problems: tallies.flatMap(({ problems }) => problems) }
}
