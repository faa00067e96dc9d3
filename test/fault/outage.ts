import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../flow/instances.ts'
import { examine, type Allowance } from './examine.ts'
import { everyone, startLoad, type Deed } from './load/load.ts'
import type { World } from './load/world.ts'
import type { Report } from './report.ts'
import type { Server, Stage } from './stage.ts'
import { stopwatch } from './processor.ts'
import type { Timed } from './visitor.ts'

/** Something that the server needs goes away for a while, and comes back. */
export interface Outage {
  name: string
  begin(): unknown
  /** How long it lasts; undefined when `begin` is all of it. */
  ms?: number
  /** It lasts at least until this resolves. */
  until?(world: World): Promise<void>
  end?(): unknown
  /** The longest that a request may take meanwhile. */
  limitMs: number
  /** Whether `/health/ready` must say so: not when it is over too soon, and not when everything works, if slowly. */
  isTold: boolean
  /** What it must say. */
  reason?: RegExp
  deeds?: readonly Deed[]
  allowance?: Allowance
}

/** What a request needs for itself, apart from waiting for what is away. */
export const busyMs = 5000

/** Requests that are acknowledged before and after, so that there is something to lose and something that works again. */
const enough = 30

/** Goes through the outage with people at the server; it must serve again by itself, and have kept every promise. */
export async function goThrough(
  { stage, server, report }: { stage: Stage; server: Server; report: Report },
  outage: Outage,
): Promise<World> {
  const told = report.part(outage.name)
  const load = startLoad(stage, { deeds: outage.deeds ?? everyone })
  await load.until(enough)
  const watch = watchReadiness(stage)
  await outage.begin()
  await sleep(outage.ms ?? 0)
  await outage.until?.(load.world)
  await outage.end?.()
  const recoveredMs = await untilServing(stage)
  await watch.stop()
  await load.until(load.world.ledger.acknowledged() + enough)
  await load.stop()

  told.promises(await examine(stage, load.world, outage.allowance))
  const refused = load.world.visitor.refused.filter(
    (text) => !outage.allowance?.refused?.test(text),
  )
  told.answers(
    [
      { requests: load.world.visitor.requests, refused },
      { requests: watch.requests, refused: watch.wrong },
    ],
    outage.limitMs,
  )
  if (outage.isTold) {
    const { reason = /./ } = outage
    const said = watch.unready.at(-1) ?? 'it did not'
    told.aim(
      '/health/ready says so',
      said,
      watch.unready.some((text) => reason.test(text)) ? [] : [`not ${reason}`],
    )
  }
  told.recovery([recoveredMs])
  const hasEnded = await Promise.race([server.ended, sleep(0, 'lives')])
  const last = server.output().slice(-500)
  told.aim('the process lives', String(hasEnded), hasEnded === 'lives' ? [] : [last])
  return load.world
}

/** Asks for readiness all the time; a request may hang, then the next one is not sent. */
function watchReadiness({ origin, waited }: Stage) {
  const requests: Timed[] = []
  const unready: string[] = []
  const wrong: string[] = []
  const over = new AbortController()
  const ask = async (): Promise<void> => {
    const time = stopwatch(waited)
    const answer = await fetch(`${origin}/health/ready`, { signal: AbortSignal.timeout(60_000) })
    const text = await answer.text()
    if (answer.status === 503) unready.push(text)
    else if (answer.status !== 200) wrong.push(`GET /health/ready: ${answer.status}`)
    requests.push({ name: 'GET /health/ready', ms: time(), end: answer.status })
  }
  const done = (async () => {
    while (!over.signal.aborted) {
      await ask().catch((error: unknown) => unready.push(String(error)))
      await sleep(200)
    }
  })()
  return {
    requests,
    unready,
    wrong,
    async stop() {
      over.abort()
      await done
    },
  }
}

/** More at once than the pool has connections, so that a connection that was never given back is missed. */
const atOnce = 12

/** Resolves to the milliseconds until the server was ready and did again what it did before. */
async function untilServing(stage: Stage): Promise<number> {
  const time = stopwatch(stage.waited)
  const visitor = stage.visitor()
  let tried = 0
  const works = async (): Promise<boolean> => {
    tried = time()
    const ready = await visitor.ask('GET', '/health/ready')
    await Promise.all(Array.from({ length: atOnce }, () => stage.administrator(visitor)))
    return ready.status === 200
  }
  await until(() => works().catch(() => false), 120)
  // What the good try itself took is not a matter of the outage.
  return tried
}
