import { randomUUID } from 'node:crypto'
import { connect, createServer } from 'node:net'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { StorageUnavailable } from '#storage/errors.ts'
import { openRedisArtifacts } from '#storage/redis/open.ts'
import { openRedis, ownRedis, redisIsMissing, untilOk } from '../support/redis.ts'
import { freePort } from '../support/free-port.ts'

// These tests start servers of their own; the variable only tells whether there is one to start.
if (process.env['TEST_REDIS_URL'] === undefined) test.skip(redisIsMissing, (t) => t.pass())
else registerTests()

const inOneMinute = () => Date.now() + 60_000

/** A cluster by two addresses, of which the second does not exist: any node that answers will do. */
const openCluster = (t: ExecutionContext, nodeUrl: string, commandTimeoutMs = 5000) =>
  openRedis(t, `${nodeUrl.replace('redis:', 'redis-cluster:')},127.0.0.1:1`, { commandTimeoutMs })

function registerTests(): void {
  test('a cluster serves commands that come all at once, while it is only connecting', async (t) => {
    const { url } = await ownRedis(t, { cluster: true })
    const { artifacts } = await openCluster(t, url)
    const record = { payload: '{}', grantId: 'g', expiresAt: inOneMinute() }
    const keys = Array.from({ length: 50 }, () => randomUUID())
    await Promise.all(keys.map((key) => artifacts.put('AccessToken', key, record)))
    await artifacts.removeByGrant('g')
    const found = await Promise.all(keys.map((key) => artifacts.find('AccessToken', key)))
    t.deepEqual(found.filter(Boolean), [])
  })

  test('a command rejects with StorageUnavailable in time when Redis stops, and works when it is back', async (t) => {
    const port = await freePort()
    const first = await ownRedis(t, { port })
    const errors: Error[] = []
    const { artifacts, check } = await openRedis(t, first.url, {
      commandTimeoutMs: 500,
      onError: (error) => errors.push(error),
    })
    await artifacts.put('Session', 'a', { payload: '{}', expiresAt: inOneMinute() })

    await first.stop()
    const stoppedAt = Date.now()
    const error = await t.throwsAsync(artifacts.find('Session', 'a'), {
      instanceOf: StorageUnavailable,
    })
    t.is(error.part, 'redis')
    t.true(Date.now() - stoppedAt < 1000)
    t.is(await check(), 'unreachable')
    t.true(errors.length > 0)

    await ownRedis(t, { port })
    await untilOk(check)
    await artifacts.put('Session', 'a', { payload: '{}', expiresAt: inOneMinute() })
    t.true(await artifacts.consume('Session', 'a'))
  })

  test('a cluster that stops is unavailable, and comes back', async (t) => {
    const port = await freePort()
    const first = await ownRedis(t, { port, cluster: true })
    const { artifacts, check } = await openCluster(t, first.url, 500)
    await first.stop()
    await t.throwsAsync(artifacts.find('Session', 'a'), { instanceOf: StorageUnavailable })
    await ownRedis(t, { port, cluster: true })
    await untilOk(check)
    t.is(await artifacts.find('Session', 'a'), undefined)
  })

  test('a command that gave up waiting for a connection is not sent later', async (t) => {
    const port = await freePort()
    const { artifacts, check } = await openRedis(t, `redis://127.0.0.1:${port}`, {
      commandTimeoutMs: 300,
    })
    const artifact = { payload: '{}', expiresAt: inOneMinute() }
    await t.throwsAsync(artifacts.put('Session', 'a', artifact), { instanceOf: StorageUnavailable })

    await ownRedis(t, { port })
    await untilOk(check)
    t.is(await artifacts.find('Session', 'a'), undefined)
  })

  test('a consume() whose answer was lost is unavailable, never repeated and never "already consumed"', async (t) => {
    const { url } = await ownRedis(t)
    const proxy = await startProxy(t, Number(new URL(url).port))
    const { artifacts, check } = await openRedis(t, `redis://127.0.0.1:${proxy.port}`)
    await artifacts.put('AuthorizationCode', 'a', { payload: '{}', expiresAt: inOneMinute() })

    proxy.loseNextAnswer()
    const lost = artifacts.consume('AuthorizationCode', 'a')
    await t.throwsAsync(lost, { instanceOf: StorageUnavailable })
    await untilOk(check)
    t.not((await artifacts.find('AuthorizationCode', 'a'))?.consumedAt, undefined)
  })

  test('a Redis that hangs is unavailable, and comes back', async (t) => {
    const { url, pid } = await ownRedis(t)
    const { artifacts, check } = await openRedis(t, url, { commandTimeoutMs: 300 })
    process.kill(pid, 'SIGSTOP')
    t.teardown(() => process.kill(pid, 'SIGCONT'))
    await t.throwsAsync(artifacts.find('Session', 'a'), { instanceOf: StorageUnavailable })
    process.kill(pid, 'SIGCONT')
    await untilOk(check)
    t.is(await artifacts.find('Session', 'a'), undefined)
  })

  test('openRedisArtifacts() rejects an address or a prefix that it cannot use', async (t) => {
    const rest = { now: Date.now, commandTimeoutMs: 100 }
    await t.throwsAsync(openRedisArtifacts({ url: 'http://127.0.0.1', prefix: 'a:', ...rest }), {
      message: /must begin with redis:/,
    })
    await t.throwsAsync(openRedisArtifacts({ url: 'redis://127.0.0.1', prefix: 'a{b}', ...rest }), {
      message: /braces/,
    })
  })
}

/** Stands between us and Redis, and can break the connection after Redis has done its work, before we hear of it. */
async function startProxy(t: ExecutionContext, target: number) {
  const port = await freePort()
  let isLosing = false
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    client.on('data', (chunk) => upstream.write(chunk))
    upstream.on('data', (chunk) => {
      if (!isLosing) {
        client.write(chunk)
        return
      }
      isLosing = false
      client.destroy()
    })
    for (const [one, other] of [[client, upstream] as const, [upstream, client] as const]) {
      one.on('close', () => other.destroy())
      one.on('error', () => other.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return { port, loseNextAnswer: () => (isLosing = true) }
}
