import test, { type ExecutionContext } from 'ava'
import { StorageUnavailable } from '#storage/errors.ts'
import { createLoginLimits } from '#users/limits.ts'
import { openRedis, ownRedis, redisIsMissing, untilOk } from '../support/redis.ts'

// These tests start servers of their own; the variable only tells whether there is one to start.
if (process.env['TEST_REDIS_URL'] === undefined) test.skip(redisIsMissing, (t) => t.pass())
else registerTests()

/** One left-over count is a lock. */
const failures = 1

async function begin(t: ExecutionContext) {
  const { url, pid } = await ownRedis(t)
  const redis = await openRedis(t, url, { commandTimeoutMs: 2000 })
  const limits = createLoginLimits({
    limits: redis.limits,
    failures,
    lockMs: 60_000,
    waitingMax: 100,
  })
  const resume = () => process.kill(pid, 'SIGCONT')
  t.teardown(resume)
  const attempt = {
    identifier: 'li',
    address: '192.0.2.1',
    find: () => Promise.resolve({ id: 'x' }),
  }
  return {
    limits: redis.limits,
    /** Redis accepts what comes and says nothing. */
    pause: () => process.kill(pid, 'SIGSTOP'),
    resume: async () => {
      resume()
      await untilOk(redis.check)
    },
    judge: (look: (isOpen: boolean) => Promise<string | undefined>) =>
      limits.judge({ ...attempt, look: (_user, isOpen) => look(isOpen) }),
  }
}

type Begun = Awaited<ReturnType<typeof begin>>

/** How many wrong passwords are looked at before the lock. */
async function guessesLeft({ judge }: Begun): Promise<number> {
  let looked = 0
  for (let tries = 0; tries < failures + 1; tries++)
    await judge((isOpen) => {
      if (isOpen) looked++
      return Promise.resolve(undefined)
    })
  return looked
}

function registerTests(): void {
  test('a try that could not be counted while Redis was silent does not count', async (t) => {
    const begun = await begin(t)
    const { judge, pause, resume } = begun
    t.is(await judge(() => Promise.resolve('right')), 'right')
    pause()
    for (let tries = 0; tries < 3; tries++)
      await t.throwsAsync(
        judge(() => Promise.resolve('right')),
        { instanceOf: StorageUnavailable },
      )
    await resume()
    t.is(await guessesLeft(begun), failures)
  })

  test('a right password that Redis does not take back in time is taken back before the next try', async (t) => {
    const begun = await begin(t)
    const { judge, pause, resume } = begun
    const rightDuringPause = () => {
      pause()
      return Promise.resolve('right')
    }
    t.is(await judge(rightDuringPause), 'right')
    await resume()
    t.is(await guessesLeft(begun), failures)
  })
}
