import { randomUUID } from 'node:crypto'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { artifactsContract } from '../contract/artifacts.ts'
import { limitsContract } from '../contract/limits.ts'
import {
  openRedis,
  ownRedis,
  redisBackend,
  redisClient,
  redisIsMissing,
  redisLimits,
} from '../support/redis.ts'

const url = process.env['TEST_REDIS_URL']
if (url === undefined) test.skip(redisIsMissing, (t) => t.pass())
else registerTests(url)

const inOneMinute = () => Date.now() + 60_000

async function open(t: ExecutionContext, url: string, now = Date.now) {
  const opened = await openRedis(t, url, { now })
  return { ...opened, redis: redisClient(t, url) }
}

function registerTests(sharedUrl: string): void {
  artifactsContract(test, (t) => redisBackend(t, sharedUrl))
  limitsContract(test, (t) => redisLimits(t, sharedUrl))

  test('put() with an expiry leaves no key without one, and no index that ends before its record', async (t) => {
    const { artifacts, redis, prefix } = await open(t, sharedUrl)
    const expiresAt = inOneMinute()
    const record = { payload: '{}', grantId: 'g', expiresAt }
    await artifacts.put('Session', 'a', { ...record, uid: 'u', accountId: 'p' })
    await artifacts.put('DeviceCode', 'b', { ...record, userCodeHash: 'c' })
    await artifacts.putIfAbsent('ReplayDetection', 'd', { payload: '{}', expiresAt })
    await artifacts.consume('DeviceCode', 'b')

    const keys = await redis.keys(`${prefix}*`)
    const lives = await Promise.all(keys.map(async (key) => [key, await redis.pttl(key)] as const))
    t.is(keys.length, 8)
    t.deepEqual(
      lives.filter(([, life]) => life <= 0),
      [],
    )
    const recordLife = Math.max(
      ...lives.filter(([key]) => /\{(Session|DeviceCode):/.test(key)).map(([, life]) => life),
    )
    const indexes = lives.filter(([key]) => /\{(grant|account|uid|user-code|live):/.test(key))
    t.is(indexes.length, 5)
    t.true(indexes.every(([, life]) => life > recordLife))
  })

  test('an index lives as long as its longest-lived record, whatever the order of writing', async (t) => {
    const { artifacts, redis, prefix } = await open(t, sharedUrl)
    const soon = Date.now() + 10_000
    const late = Date.now() + 3_600_000
    for (const [key, expiresAt] of Object.entries({ a: soon, b: late, c: soon })) {
      await artifacts.put('Session', key, { payload: '{}', grantId: 'g', uid: 'u', expiresAt })
    }
    t.true((await redis.pttl(`${prefix}{grant:g}`)) > 3_590_000)
    t.true((await redis.pttl(`${prefix}{uid:u}`)) > 3_590_000)

    await artifacts.put('Session', 'd', { payload: '{}', grantId: 'g', uid: 'u' })
    t.is(await redis.pttl(`${prefix}{grant:g}`), -1)
    t.is(await redis.pttl(`${prefix}{uid:u}`), -1)
  })

  test('a grant index drops records that have expired', async (t) => {
    let time = Date.now()
    const { artifacts, redis, prefix } = await open(t, sharedUrl, () => time)
    for (let count = 0; count < 50; count += 1) {
      await artifacts.put('AccessToken', randomUUID(), {
        payload: '{}',
        grantId: 'g',
        expiresAt: time + 1000,
      })
      time += 60_000
    }
    t.true((await redis.zcard(`${prefix}{grant:g}`)) <= 3)
  })

  test('a uid index keeps no more than a few sessions', async (t) => {
    const { artifacts, redis, prefix } = await open(t, sharedUrl)
    for (let count = 0; count < 30; count += 1) {
      await artifacts.put('Session', String(count), {
        payload: String(count),
        uid: 'u',
        expiresAt: inOneMinute(),
      })
    }
    t.true((await redis.zcard(`${prefix}{uid:u}`)) <= 8)
    t.is((await artifacts.findSessionByUid('u'))?.payload, '29')
  })

  test('remove() of an old session leaves the uid to its successor', async (t) => {
    const { artifacts } = await open(t, sharedUrl)
    await artifacts.put('Session', 'old', { payload: '1', uid: 'u', expiresAt: inOneMinute() })
    await artifacts.put('Session', 'new', { payload: '2', uid: 'u', expiresAt: inOneMinute() })
    await artifacts.remove('Session', 'old')
    t.is((await artifacts.findSessionByUid('u'))?.key, 'new')
  })

  test('findSessionByUid() passes over a session that has another uid by now', async (t) => {
    const { artifacts } = await open(t, sharedUrl)
    await artifacts.put('Session', 'a', { payload: '{}', uid: 'before', expiresAt: inOneMinute() })
    await artifacts.put('Session', 'a', { payload: '{}', uid: 'after', expiresAt: inOneMinute() })
    t.is(await artifacts.findSessionByUid('before'), undefined)
    t.is((await artifacts.findSessionByUid('after'))?.key, 'a')
  })

  test('removeByGrant() leaves a record that belongs to another grant by now', async (t) => {
    const { artifacts } = await open(t, sharedUrl)
    const expiresAt = inOneMinute()
    await artifacts.put('AccessToken', 'a', { payload: '{}', grantId: 'before', expiresAt })
    await artifacts.put('AccessToken', 'a', { payload: '{}', grantId: 'after', expiresAt })
    await artifacts.removeByGrant('before')
    t.is((await artifacts.find('AccessToken', 'a'))?.grantId, 'after')
    await artifacts.removeByGrant('after')
    t.is(await artifacts.find('AccessToken', 'a'), undefined)
  })

  test('removeByGrant() removes more records than one batch, and the index', async (t) => {
    const { artifacts, redis, prefix } = await open(t, sharedUrl)
    const keys = Array.from({ length: 250 }, () => randomUUID())
    const record = { payload: '{}', grantId: 'g', expiresAt: inOneMinute() }
    await Promise.all(keys.map((key) => artifacts.put('AccessToken', key, record)))
    await artifacts.removeByGrant('g')
    t.deepEqual(await redis.keys(`${prefix}*`), [])
  })

  test('removeByAccount() leaves a record that belongs to another account by now', async (t) => {
    const { artifacts } = await open(t, sharedUrl)
    const expiresAt = inOneMinute()
    await artifacts.put('Session', 'a', { payload: '{}', accountId: 'before', expiresAt })
    await artifacts.put('Session', 'a', { payload: '{}', accountId: 'after', expiresAt })
    await artifacts.removeByAccount('before')
    t.deepEqual(await artifacts.listByAccount('Session', 'before'), [])
    t.is((await artifacts.listByAccount('Session', 'after'))[0]?.key, 'a')
    await artifacts.removeByAccount('after')
    t.is(await artifacts.find('Session', 'a'), undefined)
  })

  test('listByAccount() and removeByAccount() take more records than one batch, and the index', async (t) => {
    const { artifacts, redis, prefix } = await open(t, sharedUrl)
    const keys = Array.from({ length: 250 }, () => randomUUID())
    const record = { payload: '{}', accountId: 'p', expiresAt: inOneMinute() }
    for (const key of keys) await artifacts.put('Session', key, record)
    const listed = (await artifacts.listByAccount('Session', 'p')).map(({ key }) => key)
    t.deepEqual(listed, keys.toReversed())
    await artifacts.removeByAccount('p', ['Session'])
    t.deepEqual(await redis.keys(`${prefix}*`), [])
  })

  test('a counter ends with its span, and its key tells no one whose it is', async (t) => {
    const { limits, redis, prefix } = await open(t, sharedUrl)
    await limits.hit('login:192.0.2.1', 60_000)
    await limits.hit('login:192.0.2.1', 120_000)
    await limits.release('other')
    const keys = await redis.keys(`${prefix}*`)
    t.is(keys.length, 1)
    t.false(keys[0]?.includes('192.0.2.1'))
    const life = await redis.pttl(keys[0] ?? '')
    t.true(life > 50_000 && life <= 60_000)
  })

  test('a counter ends by our clock, should its key still be there', async (t) => {
    let time = Date.now()
    const { limits } = await open(t, sharedUrl, () => time)
    await limits.hit('a', 60_000)
    time += 60_000
    t.deepEqual(await limits.hit('a', 60_000), { count: 1, resetAt: time + 60_000 })
  })

  test('consume() of a record that is not there leaves nothing behind', async (t) => {
    const { artifacts, redis, prefix } = await open(t, sharedUrl)
    t.false(await artifacts.consume('AuthorizationCode', 'a'))
    t.deepEqual(await redis.keys(`${prefix}*`), [])
  })

  test('scripts survive that Redis forgets them', async (t) => {
    const { url } = await ownRedis(t)
    const { artifacts, redis } = await open(t, url)
    await artifacts.put('Session', 'a', { payload: '{}', expiresAt: inOneMinute() })
    await redis.script('FLUSH')
    await artifacts.put('Session', 'a', { payload: '{}', expiresAt: inOneMinute() })
    t.true(await artifacts.consume('Session', 'a'))
  })
}
