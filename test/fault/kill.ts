import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { examine, mergeTallies } from './examine.ts'
import type { Tally } from './ledger.ts'
import { startLoad } from './load/load.ts'
import type { World } from './load/world.ts'
import type { Program } from './program.ts'
import { storages } from '../support/trials.ts'
import { openStage, requestLimitMs } from './stage.ts'

/** How many acknowledged requests come before the kill: by chance, so that each kill meets other steps. */
const before = { full: { least: 40, most: 100 }, short: { least: 15, most: 35 } }
/** How long changes of a password and the like take at most, all begun together. */
const releaseMs = 400

/** The process ends without a word while people are at it, and another one takes its place. */
export const kill: Program = {
  name: 'kill',
  title: 'kill -9 under load',
  storages,
  short: storages,
  limitMs: 20 * 60_000,
  async run({ t, storage, isShort, report, say }) {
    const stage = await openStage(t, { storage })
    const rounds = isShort ? 2 : 20
    const { least, most } = isShort ? before.short : before.full
    const tallies: Tally[] = []
    const worlds: World[] = []
    const recoveries: number[] = []

    let server = await stage.start()
    try {
      for (let round = 1; round <= rounds; round += 1) {
        const load = startLoad(stage, { held: true })
        await load.until(randomInt(least, most))
        load.release()
        await sleep(Math.random() * releaseMs)
        const stopped = load.stop()
        await server.kill()
        await stopped
        worlds.push(load.world)
        server = await stage.start()
        recoveries.push(server.readyMs)
        const tally = await examine(stage, load.world)
        tallies.push(tally)
        say(`kill ${round} of ${rounds}: ${tally.problems.length} problems`)
      }
    } finally {
      report.promises(mergeTallies(tallies))
      const visitors = worlds.map(({ visitor }) => visitor)
      report.answers(visitors, requestLimitMs)
      report.recovery(recoveries)
    }
  },
}
