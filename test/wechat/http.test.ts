import test, { type ExecutionContext } from 'ava'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { AppError } from '#lib/app-error.ts'
import { wechatProblem, WechatAway, WechatRefused } from '#wechat/errors.ts'
import { createWechatHttp, type WechatHttp } from '#wechat/http.ts'
import { startWechat, type Wechat } from '../support/wechat.ts'

const anything = z.looseObject({})

async function begin(
  t: ExecutionContext,
  options: { timeoutMs?: number; restMs?: number } = {},
): Promise<{ wechat: Wechat; http: WechatHttp; redeem(code?: string): Promise<object> }> {
  const wechat = await startWechat()
  t.teardown(() => wechat.stop())
  const http = createWechatHttp({ baseUrl: `${wechat.url}/`, timeoutMs: 20_000, ...options })
  const redeem = (code = wechat.login({ name: 'Li' })) =>
    http.json(
      {
        path: '/sns/jscode2session',
        query: { appid: wechat.app.id, secret: wechat.app.secret, js_code: code },
      },
      anything,
    )
  return { wechat, http, redeem }
}

test('JSON that comes as text/plain is read', async (t) => {
  const { redeem } = await begin(t)
  t.deepEqual(Object.keys(await redeem()), ['session_key', 'openid'])
})

test('an errcode with HTTP 200 is a refusal, and is called once', async (t) => {
  const { wechat, redeem } = await begin(t)
  const error = await t.throwsAsync(redeem('nothing'), { instanceOf: WechatRefused })
  t.is(error.errcode, 40029)
  t.is(error.message, 'WeChat answered /sns/jscode2session with errcode 40029')
  t.is(wechat.calls.length, 1)
})

test('a busy WeChat is asked again, twice at most', async (t) => {
  const { wechat, redeem } = await begin(t)
  wechat.mood.busy = 2
  t.true('openid' in (await redeem()))
  t.is(wechat.calls.length, 3)

  wechat.mood.busy = 3
  const error = await t.throwsAsync(redeem(), { instanceOf: WechatRefused })
  t.is(error.errcode, -1)
  t.is(wechat.calls.length, 6)
})

for (const away of ['cut', 'http', 'html'] as const) {
  test(`a WeChat that is away (${away}) is no answer, and is not asked again`, async (t) => {
    const { wechat, redeem } = await begin(t)
    wechat.mood.away = away
    const error = await t.throwsAsync(redeem(), { instanceOf: WechatAway })
    t.is(wechat.calls.length, 1)
    for (const secret of wechat.secrets) t.false(`${error.stack}`.includes(secret))
    t.false(error.message.includes('Bad Gateway'))
  })
}

test('a slow WeChat is given up after the time limit', async (t) => {
  const { wechat, redeem } = await begin(t, { timeoutMs: 100 })
  wechat.mood.delayMs = 3000
  const began = performance.now()
  await t.throwsAsync(redeem(), { instanceOf: WechatAway, message: /TimeoutError/ })
  t.true(performance.now() - began < 2000)
})

test('after five calls without an answer WeChat is left alone, and found again after the rest', async (t) => {
  const restMs = 3000
  const { wechat, redeem } = await begin(t, { restMs })
  wechat.mood.away = 'cut'
  for (let call = 0; call < 5; call++) await t.throwsAsync(redeem(), { instanceOf: WechatAway })
  t.is(wechat.calls.length, 5)

  wechat.mood.away = undefined
  const refused = await t.throwsAsync(redeem(), { instanceOf: WechatAway })
  t.is(refused.retryAfter, 3)
  t.is(wechat.calls.length, 5)

  // By the clock of cockatiel, which reads Date.now.
  await sleep(restMs + 50)
  t.true('openid' in (await redeem()))
})

test('refusals are answers: they do not count as being away', async (t) => {
  const { redeem } = await begin(t)
  for (let call = 0; call < 8; call++)
    await t.throwsAsync(redeem('nothing'), { instanceOf: WechatRefused })
  t.true('openid' in (await redeem()))
})

test('a redirect is not followed: the secret would go along', async (t) => {
  const { wechat, http } = await begin(t)
  wechat.mood.away = 'redirect'
  await t.throwsAsync(http.bytes({ path: '/sns/jscode2session' }), { instanceOf: WechatAway })
  t.is(wechat.calls.length, 1)
})

const expected: Record<number, [code: string, status: number, retryAfter?: string]> = {
  40029: ['wechat_code_invalid', 400],
  40163: ['wechat_code_invalid', 400],
  41008: ['wechat_code_invalid', 400],
  40003: ['wechat_code_invalid', 400],
  45011: ['too_many_requests', 429, '60'],
  45009: ['too_many_requests', 429, '60'],
  40226: ['wechat_blocked', 403],
  [-1]: ['wechat_unavailable', 503, '5'],
  40013: ['wechat_refused', 502],
  40125: ['wechat_refused', 502],
  40001: ['wechat_refused', 502],
  40164: ['wechat_refused', 502],
  48001: ['wechat_refused', 502],
  99999: ['wechat_refused', 502],
  40169: ['validation_failed', 422],
  41030: ['validation_failed', 422],
}

test('each documented errcode becomes the caller’s, WeChat’s or our own problem', (t) => {
  for (const [errcode, [code, status, retryAfter]] of Object.entries(expected)) {
    const problem = wechatProblem(new WechatRefused('/x', Number(errcode)))
    t.true(problem instanceof AppError, errcode)
    const { headers } = problem as AppError
    t.like(problem, { code, status }, errcode)
    t.is(headers['Retry-After'], retryAfter, errcode)
  }
  const other = new Error('ours')
  t.is(wechatProblem(other), other)
})
