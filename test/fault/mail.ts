import { until } from '../flow/instances.ts'
import { examine } from './examine.ts'
import { startLoad } from './load/load.ts'
import { registering } from './load/registration.ts'
import type { World } from './load/world.ts'
import type { Program } from './program.ts'
import { startProxy } from './proxy.ts'
import { openStage, requestLimitMs, type Stage } from './stage.ts'

const minute = 60_000

/** The mail server is away for an hour: people go on making accounts, and get their mail afterwards, once. */
export const mail: Program = {
  name: 'mail',
  title: 'mail server away for an hour',
  storages: ['sqlite', 'postgres', 'mysql'],
  short: [],
  limitMs: 4 * minute,
  async run({ t, storage, isShort, report }) {
    const stage = await openStage(t, { storage })
    const proxy = await startProxy(t, Number(new URL(stage.inbox.url).port))
    await stage.start({ SMTP_URL: `smtp://127.0.0.1:${proxy.port}` })
    proxy.refuse()
    const load = startLoad(stage, { deeds: Array.from({ length: 4 }, () => registering) })
    await load.until(isShort ? 20 : 60)
    await load.stop()
    const { world } = load

    await untilTried(stage, world)
    // Ten minutes at a time, so that it tries again and again, as it would in an hour.
    for (let passed = 0; passed < (isShort ? 10 : 60); passed += 10) {
      await stage.clock.pass(10 * minute)
      await untilTried(stage, world)
    }
    const early = stage.inbox.received.length
    report.aim('no mail gets through meanwhile', `${early}`, early === 0 ? [] : ['it did'])
    proxy.pass()
    // Longer than it pauses after an hour of failures.
    await stage.clock.pass(180 * minute)
    await until(async () => (await waiting(stage, world)).length === 0, 60)
    report.promises(await examine(stage, world))
    report.answers([world.visitor], requestLimitMs)
  },
}

/** Resolves when every mail was tried, and none is due. */
const untilTried = (stage: Stage, world: World): Promise<void> =>
  until(async () => {
    const mails = await waiting(stage, world)
    return mails.every(
      ({ next_attempt_at: next, last_error: error }) =>
        error !== null && Date.parse(next) > world.now(),
    )
  }, 60)

interface QueuedMail {
  next_attempt_at: string
  last_error: string | null
}

async function waiting(stage: Stage, { visitor }: World): Promise<QueuedMail[]> {
  const token = await stage.administrator(visitor)
  return (await visitor.expect('200 GET /admin/mail?limit=100', { token })).mails
}
