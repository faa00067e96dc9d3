import { DatabaseSync } from 'node:sqlite'
import test, { type ExecutionContext } from 'ava'
import { errors } from 'oidc-provider'
import { createSealer } from '#lib/sealing.ts'
import { createArtifactAdapter } from '#oidc/adapter.ts'
import { artifactKey } from '#oidc/payload-codec.ts'
import { inUnit } from '#oidc/unit-of-work.ts'
import type { ArtifactModel } from '#storage/artifacts.ts'
import { openSqlStorage } from '#storage/sql/open.ts'
import { openDatabase } from '../support/databases.ts'

const at = 1_000_000

/** One model's adapter over SQLite, with a clock that the test moves; `rows` is what the table holds. */
async function begin(t: ExecutionContext, model: ArtifactModel, graceMs = 10_000) {
  const clock = { now: at }
  const now = () => clock.now
  const { url } = await openDatabase(t, 'sqlite')
  const limits = { poolMax: 2, acquireTimeoutMs: 5000, statementTimeoutMs: 5000 }
  const storage = await openSqlStorage({ ...limits, url, now })
  t.teardown(() => storage.close())
  await storage.migrate()
  let replays = 0
  const adapter = createArtifactAdapter(model, {
    artifacts: storage.artifacts,
    sealer: createSealer(['a secret of the server'], 'artifacts'),
    userCodeKey: Buffer.alloc(32, 1),
    device: () => ({ address: '192.0.2.1', agent: '', seenAt: clock.now }),
    now,
    graceMs,
    onRefreshReplay: () => (replays += 1),
  })
  const rows = (): Record<string, unknown>[] => {
    const database = new DatabaseSync(url.slice('sqlite:'.length), { readOnly: true })
    const all = database.prepare('SELECT * FROM artifacts').all()
    database.close()
    return all
  }
  return { adapter, artifacts: storage.artifacts, rows, clock, replays: () => replays }
}

test('neither the id nor a sealed payload can be read from what is stored', async (t) => {
  for (const model of [
    'AccessToken',
    'Session',
    'DeviceCode',
    'PushedAuthorizationRequest',
  ] as const) {
    const { adapter, rows } = await begin(t, model)
    const payload = { jti: 'the-secret-id', kind: model, accountId: 'u1', userCode: 'BCDFGHJK' }
    await adapter.upsert('the-secret-id', payload, 60)
    const stored = JSON.stringify(rows())
    t.false(stored.includes('the-secret-id'), model)
    if (model !== 'AccessToken') t.false(stored.includes('BCDFGHJK'), model)
    t.like(await adapter.find('the-secret-id'), payload)
    t.is(await adapter.find('another-id'), undefined)
  }
})

test('a record ends when its life does; a device code is remembered ten minutes longer', async (t) => {
  for (const [model, life] of [
    ['AuthorizationCode', 60],
    ['Session', 60],
    ['DeviceCode', 660],
  ] as const) {
    const { adapter, rows } = await begin(t, model)
    await adapter.upsert('id', {}, 60)
    t.is(rows()[0]!['expires_at'], at + life * 1000, model)
  }
})

test('a device code is found by its user code, which is stored as a hash', async (t) => {
  const { adapter, rows } = await begin(t, 'DeviceCode')
  await adapter.upsert('device-code', { jti: 'device-code', userCode: 'BCDFGHJK' }, 60)
  t.like(await adapter.findByUserCode('BCDFGHJK'), { jti: 'device-code' })
  t.is(await adapter.findByUserCode('BCDFGHJJ'), undefined)
  t.is(rows()[0]!['key_hash'], artifactKey('device-code'))
})

test('anyone who loses the race for a code gets invalid_grant, for a pushed request invalid_request_uri', async (t) => {
  const code = await begin(t, 'AuthorizationCode')
  await code.adapter.upsert('id', {}, 60)
  await code.adapter.consume('id')
  await t.throwsAsync(code.adapter.consume('id') as Promise<void>, {
    instanceOf: errors.InvalidGrant,
  })
  t.is(code.replays(), 0)
  const pushed = await begin(t, 'PushedAuthorizationRequest')
  await t.throwsAsync(pushed.adapter.consume('unknown') as Promise<void>, {
    instanceOf: errors.InvalidRequestUri,
  })
})

test('a spent refresh token counts as unspent within the grace, a spent code never', async (t) => {
  const token = await begin(t, 'RefreshToken')
  await token.adapter.upsert('id', {}, 60)
  await token.adapter.consume('id')
  token.clock.now += 9_999
  t.false('consumed' in ((await token.adapter.find('id')) ?? {}))
  await t.throwsAsync(token.adapter.consume('id') as Promise<void>, {
    instanceOf: errors.InvalidGrant,
  })
  t.is(token.replays(), 1)
  token.clock.now += 1
  t.like(await token.adapter.find('id'), { consumed: at / 1000 })
  // By the clock of another server, and by one that was put back.
  token.clock.now = at - 500
  t.false('consumed' in ((await token.adapter.find('id')) ?? {}))
  token.clock.now = at - 10_000
  t.like(await token.adapter.find('id'), { consumed: at / 1000 })

  const code = await begin(t, 'AuthorizationCode')
  await code.adapter.upsert('id', {}, 60)
  await code.adapter.consume('id')
  t.like(await code.adapter.find('id'), { consumed: at / 1000 })
})

test('without a grace a spent refresh token is spent, and its replay is no one’s business', async (t) => {
  const { adapter, replays } = await begin(t, 'RefreshToken', 0)
  await adapter.upsert('id', {}, 60)
  await adapter.consume('id')
  t.like(await adapter.find('id'), { consumed: at / 1000 })
  await t.throwsAsync(adapter.consume('id') as Promise<void>, { instanceOf: errors.InvalidGrant })
  t.is(replays(), 0)
})

test('a proof is accepted once', async (t) => {
  const { adapter } = await begin(t, 'ReplayDetection')
  await adapter.upsert('proof', {}, 60)
  await t.throwsAsync(adapter.upsert('proof', {}, 60) as Promise<void>, {
    instanceOf: errors.InvalidRequest,
  })
})

test('what was sealed for one record does not open as another', async (t) => {
  const { adapter, artifacts } = await begin(t, 'Session')
  await adapter.upsert('mine', { jti: 'mine', accountId: 'u1' }, 60)
  const mine = await artifacts.find('Session', artifactKey('mine'))
  await artifacts.put('Session', artifactKey('yours'), mine!)
  t.is(await adapter.find('yours'), undefined)
})

test('a session in use is written for its time alone once a minute, and at once when it changes', async (t) => {
  const { adapter, artifacts, rows, clock } = await begin(t, 'Session')
  const hour = 3_600_000
  const endAfter = async (ms: number, change: object = {}) => {
    clock.now += ms
    await inUnit(artifacts, async (unit) => {
      await adapter.find('id')
      await adapter.upsert('id', { accountId: 'u1', uid: 'u', ...change }, hour / 1000)
      t.is(await unit.commit(), undefined)
    })
    return rows()[0]!['expires_at']
  }
  t.is(await endAfter(0), at + hour)
  t.is(await endAfter(59_999), at + hour)
  t.is(await endAfter(1), at + 60_000 + hour)
  t.is(await endAfter(1, { acr: 'changed' }), at + 60_001 + hour)
  t.like(await adapter.find('id'), { acr: 'changed' })
})

test('sessions and grants carry the epoch of the sign-in that they come from', async (t) => {
  for (const [model, epoch] of [
    ['Session', 3],
    ['Grant', 3],
    ['AuthorizationCode', null],
  ] as const) {
    const { adapter, artifacts, rows } = await begin(t, model)
    await inUnit(artifacts, async (unit) => {
      unit.noteSignIn('u1', 3)
      await adapter.upsert('id', { accountId: 'u1' }, 60)
      await unit.commit()
    })
    t.is(rows()[0]!['sign_in_epoch'], epoch, model)
  }
})
