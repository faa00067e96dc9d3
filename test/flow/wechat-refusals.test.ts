import test from 'ava'
import { apiOf, type Answer } from '../support/api.ts'
import { start } from '../support/start.ts'
import { openidOf } from '../support/wechat.ts'
import { auditTypes, openWorld } from './mini-program.ts'

test('signed data names a person; WeChat’s placeholder and a picture without TLS do not', async (t) => {
  const { wechat, api } = await openWorld(t, (options) => start(t, options))
  const visit = async (name: string, profile: object) => {
    const code = wechat.login({ name })
    const body = { code, ...wechat.sign({ name }, profile) }
    return (await api.call('POST', '/auth/wechat-login', { body })).body.user
  }
  const avatarUrl = 'https://thirdwx.qlogo.cn/0'
  t.like(await visit('a', { nickName: '小明', avatarUrl }), {
    nickname: '小明',
    avatar_url: avatarUrl,
  })
  t.like(await visit('b', { nickName: '微信用户', avatarUrl }), {
    nickname: null,
    avatar_url: null,
  })
  t.like(await visit('c', { nickName: 'x', avatarUrl: 'http://wx.qlogo.cn/0' }), {
    nickname: 'x',
    avatar_url: null,
  })
  const long = '好'.repeat(100)
  t.is((await visit('d', { nickName: long })).nickname, long.slice(0, 64))
})

test('a phone number comes from its code or from sealed data, and is the person’s', async (t) => {
  const { wechat, login, api } = await openWorld(t, (options) => start(t, options))
  const first = await login({ name: 'Li' }, { phone_code: wechat.phoneCode('13800000000') })
  t.is(first.body.user.phone, '+8613800000000')
  const code = wechat.login({ name: 'Li' })
  const sealed = wechat.seal(
    { name: 'Li' },
    { phoneNumber: '13900000000', purePhoneNumber: '13900000000', countryCode: '86' },
  )
  const second = await api.call('POST', '/auth/wechat-login', { body: { code, ...sealed } })
  t.is(second.body.user.phone, '+8613900000000')
  t.is(second.body.user.id, first.body.user.id)
  t.is((await login({ name: 'Li' })).body.user.phone, '+8613900000000')
  const spent = wechat.phoneCode('13800000000')
  await login({ name: 'Li' }, { phone_code: spent })
  t.is((await login({ name: 'Li' }, { phone_code: spent })).body.code, 'wechat_code_invalid')
})

test('open data of another person, another app, another time or another key is refused', async (t) => {
  const { wechat, fixture, login } = await openWorld(t, (options) => start(t, options))
  const li = { name: 'Li' }
  const foreign = { ...wechat.app, id: 'wx0000000000000000' }
  const seconds = Math.floor(Date.now() / 1000)
  const send = async (make: () => object) => {
    const code = wechat.login(li)
    return login(li, { code, ...make() })
  }
  const refused: Record<string, () => object> = {
    'another person': () => wechat.seal(li, { openId: openidOf({ name: 'Wu' }, wechat.app.id) }),
    'another app': () => wechat.seal(li, { watermark: { appid: foreign.id, timestamp: seconds } }),
    old: () => wechat.seal(li, { watermark: { appid: wechat.app.id, timestamp: seconds - 301 } }),
    future: () =>
      wechat.seal(li, { watermark: { appid: wechat.app.id, timestamp: seconds + 120 } }),
    'no watermark': () => wechat.seal(li, { watermark: undefined }),
    'another key': () => {
      wechat.login({ name: 'Wu' })
      return wechat.seal({ name: 'Wu' }, {})
    },
    garbage: () => ({ encrypted_data: 'AAAA', iv: 'AAAA' }),
    'a wrong signature': () => ({ raw_data: '{"nickName":"x"}', signature: 'f'.repeat(40) }),
  }
  for (const [name, make] of Object.entries(refused)) {
    // The key of the sign-in that is under way is made first, as in a phone.
    const { status, body } = await send(make)
    t.is(status, 400, name)
    t.is(body.code, 'wechat_data_invalid', name)
  }
  t.is((await fixture.storage.users.list({ limit: 10 })).users.length, 1)
  t.is((await login(li, { raw_data: '{}' })).status, 422)
  t.deepEqual((await login(li, { code: undefined })).body.errors, [
    { path: 'body.code', message: 'is required' },
  ])
  t.is((await login(li, { iv: 'AAAA' })).status, 422)
})

test('data that was sealed before wx.login made a new key is read with the key before', async (t) => {
  const { wechat, api, login } = await openWorld(t, (options) => start(t, options))
  const li = { name: 'Li' }
  await login(li)
  const sealed = wechat.seal(li, { nickName: '小明' })
  const body = { code: wechat.login(li), ...sealed }
  const { body: answer } = await api.call('POST', '/auth/wechat-login', { body })
  t.is(answer.user.nickname, '小明')
  const third = await login(li, sealed)
  t.is(third.body.code, 'wechat_data_invalid', 'two sign-ins later the key is gone')
})

test('what WeChat says of a code is told, and is audited', async (t) => {
  const { wechat, fixture, login } = await openWorld(t, (options) => start(t, options))
  const li = { name: 'Li' }
  const expectCode = async (answer: Promise<Answer>, status: number, code: string) => {
    const { status: got, body, headers } = await answer
    t.deepEqual([got, body.code], [status, code])
    t.is(headers.get('content-type'), 'application/problem+json')
    return headers.get('retry-after')
  }
  await expectCode(login(li, { code: 'made-up' }), 400, 'wechat_code_invalid')
  const code = wechat.login(li)
  t.is((await login(li, { code })).status, 200)
  await expectCode(login(li, { code }), 400, 'wechat_code_invalid')
  const late = wechat.login(li)
  wechat.pass(301_000)
  await expectCode(login(li, { code: late }), 400, 'wechat_code_invalid')
  await expectCode(login({ name: 'Wu', isBlocked: true }), 403, 'wechat_blocked')
  await expectCode(login(li, { app_id: 'wx1' }), 400, 'wechat_app_unknown')
  wechat.mood.perMinute = 0
  t.is(await expectCode(login(li), 429, 'too_many_requests'), '60')
  const types = await auditTypes(fixture)
  t.is(types.filter((type) => type === 'login.failed').length, 5)
})

test('a banned person stays out, a closed house takes no one new', async (t) => {
  const world = await openWorld(t, (options) => start(t, options))
  const { wechat, fixture, login } = world
  const { user } = (await login({ name: 'Li' })).body
  await fixture.storage.users.update(user.id, { bannedAt: Date.now() })
  t.is((await login({ name: 'Li' })).body.code, 'account_disabled')
  const closed = await start(t, { beside: fixture, env: { ...wechat.env, REGISTRATION: 'closed' } })
  const port = closed.server.port
  const body = { code: wechat.login({ name: 'Wu' }) }
  const answer = await apiOf({ issuer: `http://localhost:${port}` }).call(
    'POST',
    '/auth/wechat-login',
    { body },
  )
  t.is(answer.body.code, 'registration_closed')
})

test('a WeChat that is away, slow, busy or does not know us is said so, and secrets stay out of the log', async (t) => {
  const { wechat, fixture, login } = await openWorld(t, (options) => start(t, options), {
    WECHAT_TIMEOUT_MS: '2000',
  })
  const li = { name: 'Li' }
  const moods = [
    [{ busy: 3 }, 503, 'wechat_unavailable'],
    [{ busy: 0, errcode: 40125 }, 502, 'wechat_refused'],
    [{ errcode: 40013 }, 502, 'wechat_refused'],
    [{ errcode: undefined, delayMs: 6000 }, 503, 'wechat_unavailable'],
    [{ delayMs: 0, away: 'html' }, 503, 'wechat_unavailable'],
    [{ away: 'http' }, 503, 'wechat_unavailable'],
    [{ away: 'cut' }, 503, 'wechat_unavailable'],
  ] as const
  for (const [mood, status, code] of moods) {
    Object.assign(wechat.mood, mood)
    const answer = await login(li)
    t.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(mood))
    t.is(answer.headers.has('retry-after'), status === 503)
  }
  const log = fixture.logLines.join('\n')
  t.true(log.includes('WeChat answered /sns/jscode2session with errcode 40125'))
  for (const secret of wechat.secrets) t.false(log.includes(secret), secret)
})
