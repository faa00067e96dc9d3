import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import type { ArtifactModel } from '#storage/artifacts.ts'
import { StorageUnavailable } from '#storage/errors.ts'
import { homes, joinRedis } from '#storage/join.ts'
import { openSqlStorage } from '#storage/sql/open.ts'
import { signInsContract } from '../contract/sign-ins.ts'
import { openRedis, ownRedis, redisIsMissing } from '../support/redis.ts'

const url = process.env['TEST_REDIS_URL']
if (url === undefined) test.skip(redisIsMissing, (t) => t.pass())
else registerTests(url)

const models = Object.keys(homes).filter((model): model is ArtifactModel => model in homes)
const inOneMinute = () => Date.now() + 60_000

async function openHalves(t: ExecutionContext, redisUrl: string) {
  const folder = mkdtempSync(join(tmpdir(), 'yumen-join-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const sql = await openSqlStorage({
    url: `sqlite:${join(folder, 'test.db')}`,
    poolMax: 2,
    acquireTimeoutMs: 5000,
    statementTimeoutMs: 5000,
    now: Date.now,
  })
  t.teardown(() => sql.close())
  await sql.migrate()
  const redis = await openRedis(t, redisUrl, { commandTimeoutMs: 1000 })
  return { sql, redis, joined: joinRedis(sql, redis) }
}

function registerTests(sharedUrl: string): void {
  signInsContract(test, async (t) => {
    const { joined } = await openHalves(t, sharedUrl)
    return { storage: joined, beside: joined, now: Date.now }
  })

  test('each model lives in its own half and nowhere else', async (t) => {
    const { sql, redis, joined } = await openHalves(t, sharedUrl)
    const found: Record<string, string> = {}
    for (const model of models) {
      await joined.artifacts.put(model, 'a', { payload: model, expiresAt: inOneMinute() })
      t.is((await joined.artifacts.find(model, 'a'))?.payload, model)
      const inSql = (await sql.artifacts.find(model, 'a')) !== undefined
      const inRedis = (await redis.artifacts.find(model, 'a')) !== undefined
      t.not(inSql, inRedis)
      found[model] = inRedis ? 'redis' : 'sql'
    }
    t.deepEqual(found, {
      Session: 'redis',
      Interaction: 'redis',
      AuthorizationCode: 'redis',
      DeviceCode: 'redis',
      PushedAuthorizationRequest: 'redis',
      ReplayDetection: 'redis',
      MfaToken: 'redis',
      MailSignIn: 'redis',
      SpentChallenge: 'redis',
      AccessToken: 'redis',
      FederationState: 'redis',
      ClientCredentials: 'redis',
      WechatSessionKey: 'redis',
      WechatAccessToken: 'redis',
      Grant: 'sql',
      RefreshToken: 'sql',
      RefreshAnswer: 'sql',
      RevokedToken: 'sql',
      Device: 'sql',
      InitialAccessToken: 'sql',
      RegistrationAccessToken: 'sql',
      PasswordReset: 'sql',
      EmailVerification: 'sql',
      MailCode: 'sql',
      RememberedDevice: 'sql',
      KnownDevice: 'sql',
      WriteProbe: 'sql',
    })
  })

  test('putIfAbsent(), consume() and remove() work for every model', async (t) => {
    const { joined } = await openHalves(t, sharedUrl)
    const record = { payload: '{}', expiresAt: inOneMinute() }
    for (const model of models) {
      t.true(await joined.artifacts.putIfAbsent(model, 'a', record), model)
      t.false(await joined.artifacts.putIfAbsent(model, 'a', record), model)
      t.true(await joined.artifacts.consume(model, 'a'), model)
      t.false(await joined.artifacts.consume(model, 'a'), model)
      await joined.artifacts.remove(model, 'a')
      t.is(await joined.artifacts.find(model, 'a'), undefined, model)
    }
  })

  test('sessions are found by uid and device codes by user code', async (t) => {
    const { joined } = await openHalves(t, sharedUrl)
    const record = { payload: '{}', expiresAt: inOneMinute() }
    await joined.artifacts.put('Session', 'a', { ...record, uid: 'u' })
    await joined.artifacts.put('DeviceCode', 'b', { ...record, userCodeHash: 'c' })
    t.is((await joined.artifacts.findSessionByUid('u'))?.key, 'a')
    t.is((await joined.artifacts.findDeviceCodeByUserCode('c'))?.key, 'b')
  })

  test('removeByGrant() removes from both halves and leaves other grants', async (t) => {
    const { joined } = await openHalves(t, sharedUrl)
    const carriers = ['Grant', 'RefreshToken', 'AccessToken', 'AuthorizationCode'] as const
    for (const model of carriers) {
      for (const grantId of ['gone', 'kept']) {
        await joined.artifacts.put(model, grantId, {
          payload: '{}',
          grantId,
          expiresAt: inOneMinute(),
        })
      }
    }
    await joined.artifacts.removeByGrant('gone')
    for (const model of carriers) {
      t.is(await joined.artifacts.find(model, 'gone'), undefined, model)
      t.truthy(await joined.artifacts.find(model, 'kept'), model)
    }
  })

  test('removeByAccount() removes from both halves and leaves other accounts', async (t) => {
    const { joined } = await openHalves(t, sharedUrl)
    const carriers = ['Session', 'AccessToken', 'RefreshToken', 'Grant', 'PasswordReset'] as const
    for (const model of carriers) {
      for (const accountId of ['gone', 'kept']) {
        const record = { payload: '{}', accountId, expiresAt: inOneMinute() }
        await joined.artifacts.put(model, accountId, record)
      }
    }
    await joined.artifacts.removeByAccount('gone', ['AccessToken', 'Grant'])
    for (const model of carriers) {
      const isLeft = model !== 'AccessToken' && model !== 'Grant'
      const left = await joined.artifacts.listByAccount(model, 'gone')
      t.is(left.length, isLeft ? 1 : 0, model)
    }
    await joined.artifacts.removeByAccount('gone')
    for (const model of carriers) {
      t.is(await joined.artifacts.find(model, 'gone'), undefined, model)
      t.truthy(await joined.artifacts.find(model, 'kept'), model)
    }
  })

  test('removeByAccount() of what lives in SQL needs no Redis', async (t) => {
    const server = await ownRedis(t)
    const { joined } = await openHalves(t, server.url)
    const record = { payload: '{}', accountId: 'p', expiresAt: inOneMinute() }
    await joined.artifacts.put('PasswordReset', 'a', record)
    await joined.artifacts.put('RefreshToken', 'a', record)
    await server.stop()
    await joined.artifacts.removeByAccount('p', ['PasswordReset'])
    t.is(await joined.artifacts.find('PasswordReset', 'a'), undefined)
    const all = joined.artifacts.removeByAccount('p')
    await t.throwsAsync(all, { instanceOf: StorageUnavailable })
    t.is(await joined.artifacts.find('RefreshToken', 'a'), undefined)
  })

  test('limits live in Redis', async (t) => {
    const { sql, redis, joined } = await openHalves(t, sharedUrl)
    await joined.limits.hit('a', 60_000)
    t.is((await redis.limits.peek('a')).count, 1)
    t.is((await sql.limits.peek('a')).count, 0)
  })

  test('removeByGrant() without Redis removes the Grant and rejects with StorageUnavailable', async (t) => {
    const server = await ownRedis(t)
    const { joined } = await openHalves(t, server.url)
    const record = { payload: '{}', grantId: 'g', expiresAt: inOneMinute() }
    await joined.artifacts.put('Grant', 'g', record)
    await joined.artifacts.put('RefreshToken', 'a', record)
    await server.stop()

    const error = await t.throwsAsync(joined.artifacts.removeByGrant('g'), {
      instanceOf: StorageUnavailable,
    })
    t.is(error.part, 'redis')
    t.is(await joined.artifacts.find('Grant', 'g'), undefined)
    t.is(await joined.artifacts.find('RefreshToken', 'a'), undefined)
  })

  test('the end of all sign-ins counts without Redis, and succeeds', async (t) => {
    const server = await ownRedis(t)
    const { joined } = await openHalves(t, server.url)
    await joined.users.create({ id: 'p' })
    const record = { payload: '{}', accountId: 'p', grantId: 'g', epoch: 0 }
    await joined.artifacts.put('Grant', 'g', record)
    await server.stop()
    t.deepEqual(await joined.signIns.end('p'), { epoch: 1, takenAway: undefined })
    t.is(await joined.artifacts.find('Grant', 'g'), undefined)
  })

  test('check() tells the halves apart', async (t) => {
    const server = await ownRedis(t)
    const { joined } = await openHalves(t, server.url)
    t.deepEqual(await joined.check(), { database: 'ok', writes: 'ok', redis: 'ok' })
    await server.stop()
    t.deepEqual(await joined.check(), { database: 'ok', writes: 'ok', redis: 'unreachable' })
  })

  test('removeExpired() counts what SQL removed', async (t) => {
    const { joined } = await openHalves(t, sharedUrl)
    const expired = { payload: '{}', expiresAt: Date.now() - 1000 }
    await joined.artifacts.put('RefreshToken', 'a', expired)
    await joined.artifacts.put('Session', 'b', expired)
    t.is(await joined.artifacts.removeExpired(100), 1)
  })

  test('close() closes both halves', async (t) => {
    const { sql, redis, joined } = await openHalves(t, sharedUrl)
    await joined.close()
    t.not(await redis.check(), 'ok')
    t.not((await sql.check()).database, 'ok')
  })
}
