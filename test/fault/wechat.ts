import { setTimeout as sleep } from 'node:timers/promises'
import { startWechat } from '../support/wechat.ts'
import { examine } from './examine.ts'
import { startLoad } from './load/load.ts'
import { busyMs } from './outage.ts'
import { stopwatch } from './processor.ts'
import type { Program } from './program.ts'
import { startProxy } from './proxy.ts'
import { openStage, requestLimitMs } from './stage.ts'
import { Cut } from './visitor.ts'

/** `WECHAT_TIMEOUT_MS`. */
const timeoutMs = 2000
/** After five calls in a row without an answer none is made for so long (`wechat/http.ts`). */
const restMs = 10_000
const people = 40

/** WeChat's servers accept calls and never answer: mini programs hear so in time, and others notice nothing. */
export const wechat: Program = {
  name: 'wechat',
  title: 'WeChat hanging',
  storages: ['sqlite', 'postgres+redis'],
  short: [],
  limitMs: 3 * 60_000,
  async run({ t, storage, report }) {
    const standIn = await startWechat()
    t.teardown(standIn.stop)
    const proxy = await startProxy(t, Number(new URL(standIn.url).port))
    const env = {
      ...standIn.env,
      WECHAT_API_BASE_URL: `http://127.0.0.1:${proxy.port}`,
      WECHAT_TIMEOUT_MS: String(timeoutMs),
    }
    const stage = await openStage(t, { storage, env })
    await stage.start()
    const load = startLoad(stage)
    const visitor = stage.visitor()
    const signIn = (name: number) =>
      visitor.expect('200 POST /auth/wechat-login', {
        body: { code: standIn.login({ name: `person ${name}` }) },
      })

    await signIn(0)
    const before = load.world.ledger.acknowledged()
    proxy.silence()
    const answers = await Promise.allSettled(
      Array.from({ length: people }, async (_, index) => {
        // One after another, as people come, while the first ones still wait.
        await sleep(index * 50)
        return signIn(index)
      }),
    )
    const told = answers.filter(
      (answer) => answer.status === 'rejected' && answer.reason instanceof Cut,
    )
    report.aim(
      'a sign-in that WeChat does not answer is told to come again',
      `${told.length} of ${people}`,
      told.length === people ? [] : ['another answer'],
    )
    report.answers([visitor], timeoutMs + busyMs)
    await load.until(before + 30)
    const during = load.world.ledger.acknowledged()
    proxy.pass()
    const time = stopwatch(stage.waited)
    while (!(await signIn(1).then(Boolean, () => false))) {
      if (time() > 10 * restMs) break
      await sleep(200)
    }
    const ms = time()
    const late = ms > restMs + busyMs ? ['later'] : []
    report.aim(
      `WeChat is asked again within ${restMs / 1000} s`,
      `${(ms / 1000).toFixed(1)} s`,
      late,
    )
    await load.stop()
    const others = during - before
    report.aim('others go on', `${others} acknowledged meanwhile`, others >= 30 ? [] : ['too few'])
    report.promises(await examine(stage, load.world))
    report.answers([load.world.visitor], requestLimitMs)
  },
}
