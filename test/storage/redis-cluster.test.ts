import test from 'ava'
import { artifactsContract } from '../contract/artifacts.ts'
import { limitsContract } from '../contract/limits.ts'
import { redisBackend, redisClient, redisIsMissing, redisLimits } from '../support/redis.ts'
import { startRedis } from '../support/servers/redis.ts'
import type { RunningServer } from '../support/servers/server-process.ts'

// A cluster of one node refuses a script that touches two slots, as any cluster does.
if (process.env['TEST_REDIS_URL'] === undefined) test.skip(redisIsMissing, (t) => t.pass())
else registerTests()

function registerTests(): void {
  let cluster: RunningServer | undefined
  test.before(async () => {
    cluster = await startRedis({ cluster: true })
  })
  test.after.always(() => cluster?.stop())
  const nodeUrl = () => cluster?.url ?? ''

  const clusterUrl = () => nodeUrl().replace('redis:', 'redis-cluster:')
  artifactsContract(test, (t) => redisBackend(t, clusterUrl()))
  limitsContract(test, (t) => redisLimits(t, clusterUrl()))

  test('the cluster refuses a script that touches two slots', async (t) => {
    const script = "return redis.call('GET', KEYS[1]) or redis.call('GET', KEYS[2])"
    const call = redisClient(t, nodeUrl()).eval(script, 2, '{a}', '{b}')
    await t.throwsAsync(call, { message: /CROSSSLOT/ })
  })
}
