import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../flow/instances.ts'
import { examine, mergeTallies } from './examine.ts'
import type { Tally } from './ledger.ts'
import { startLoad } from './load/load.ts'
import type { World } from './load/world.ts'
import type { Report } from './report.ts'
import type { Program } from './program.ts'
import { storages } from '../support/trials.ts'
import { openStage, requestLimitMs, type Stage } from './stage.ts'
import type { Visitor } from './visitor.ts'

const shutdownSeconds = 10

/** A deployment: the process is told to end while people are at it, and the next one takes over. */
export const shutdown: Program = {
  name: 'shutdown',
  title: 'SIGTERM under load',
  storages,
  short: ['postgres+redis'],
  limitMs: 8 * 60_000,
  async run({ t, storage, isShort, report, say }) {
    const stage = await openStage(t, {
      storage,
      env: { SHUTDOWN_TIMEOUT_SECONDS: String(shutdownSeconds) },
    })
    const rounds = isShort ? 1 : 5
    const tallies: Tally[] = []
    const worlds: World[] = []
    const endings: { code: number | null; ms: number }[] = []
    let server = await stage.start()
    try {
      for (let round = 1; round <= rounds; round += 1) {
        const load = startLoad(stage, { held: true })
        await load.until(40)
        load.release()
        await sleep(Math.random() * 100)
        const told = performance.now()
        server.signal('SIGTERM')
        await untilUnready(stage)
        await load.stop()
        const code = await server.ended
        endings.push({ code, ms: performance.now() - told })
        worlds.push(load.world)
        server = await stage.start()
        tallies.push(await examine(stage, load.world))
        say(`SIGTERM ${round} of ${rounds}: ended with ${code}`)
      }
    } finally {
      report.promises(mergeTallies(tallies))
      const visitors = worlds.map(({ visitor }) => visitor)
      report.answers(visitors, requestLimitMs)
      judgeEndings(endings, report)
      judgeBroken(visitors, report)
    }
  },
}

/** As a load balancer does, which then sends nothing more. */
const untilUnready = (stage: Stage): Promise<void> =>
  until(async () => {
    const ready = await fetch(`${stage.origin}/health/ready`).catch(() => undefined)
    return ready?.status !== 200
  }, shutdownSeconds)

function judgeEndings(
  endings: readonly { code: number | null; ms: number }[],
  report: Report,
): void {
  const codes = endings.map(({ code }) => code).join(', ')
  const wrong = endings.flatMap(({ code }) => (code === 0 ? [] : [`exit code ${code}`]))
  report.aim('the exit code is 0', codes, wrong)
  const slowest = Math.max(...endings.map(({ ms }) => ms))
  const late = endings.flatMap(({ ms }) => (ms > (shutdownSeconds + 5) * 1000 ? [`${ms} ms`] : []))
  report.aim(
    `it ends within ${shutdownSeconds} s, and the writes after`,
    `${(slowest / 1000).toFixed(1)} s at most`,
    late,
  )
}

/** A connection that was not taken is refused, and its client knows that nothing has happened. */
function judgeBroken(visitors: readonly Visitor[], report: Report): void {
  const unanswered = visitors
    .flatMap(({ requests }) => requests)
    .filter(({ end }) => typeof end === 'string')
  const broken = unanswered.flatMap(({ name, end }) =>
    end === 'ECONNREFUSED' ? [] : [`${name}: ${end}`],
  )
  const found = `${broken.length}; ${unanswered.length - broken.length} were refused at the door`
  report.aim('no request that was taken loses its connection', found, broken)
}
