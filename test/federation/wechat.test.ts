import test from 'ava'
import { newSecret } from '#lib/ids.ts'
import { wechatStandIn } from '../support/stand-ins/wechat.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { auditOf, begin, callbackOf, finish, press, signInWith, wechatEnv } from './journey.ts'

const inWechat = { 'user-agent': 'Mozilla/5.0 (iPhone) Mobile/15E148 MicroMessenger/8.0.43' }

onStorages('a person of WeChat signs in by QR code, without an e-mail', async (t, open) => {
  const wechat = await wechatStandIn(t)
  const env = { ...wechatEnv(wechat), EMAIL_VERIFICATION: 'required' }
  const fixture = await open({ env })
  const begun = await begin(fixture, { headers: { 'accept-language': 'zh-CN' } })
  t.regex(begun.login.text, /使用微信登录/)
  const consent = await signInWith(begun, 'wechat')
  t.regex(consent.text, /雨面 👩‍👩‍👧/u)
  const sub = await finish(begun, consent)
  const user = await fixture.storage.users.findById(sub)
  t.like(user, { email: undefined, emailVerified: false, nickname: wechat.person.nickname })
  t.regex(user!.avatarUrl!, /^https:\/\/thirdwx/)
  const [identity] = await fixture.storage.identities.listByUser(sub)
  const { openid: subject } = wechat.person
  t.like(identity, { provider: 'wechat', appId: wechat.appId, subject, unionId: undefined })
  t.is(identity?.profile.nickname, wechat.person.nickname)

  const again = await begin(fixture)
  t.is(await finish(again, await signInWith(again, 'wechat')), sub)
})

test('the address for the QR code is in WeChat’s order, with its fragment and a plain state', async (t) => {
  const fixture = await start(t, { env: wechatEnv(await wechatStandIn(t)) })
  const { left } = await press((await begin(fixture)).login, 'wechat')
  t.regex(
    left!.href,
    /\/connect\/qrconnect\?appid=wx\w+&redirect_uri=http%3A[^&]+&response_type=code&scope=snsapi_login&state=[a-zA-Z0-9]{32,128}#wechat_redirect$/,
  )
})

test('inside WeChat the official account is asked, whichever name is used', async (t) => {
  const wechat = await wechatStandIn(t)
  const fixture = await start(t, { env: wechatEnv(wechat) })
  const begun = await begin(fixture, { headers: inWechat })
  const shown = begun.login.root.querySelectorAll('button[name=provider]')
  t.deepEqual(
    shown.map((button) => button.getAttribute('value')),
    ['wechat-official'],
  )
  const away = await press(begun.login, 'wechat')
  t.regex(
    away.left!.href,
    /\/connect\/oauth2\/authorize\?.*scope=snsapi_userinfo&.*#wechat_redirect$/,
  )
  await finish(begun, await begun.browser.open(await callbackOf(away)))
})

test('two openids with one unionid are one user', async (t) => {
  const [web, official] = [await wechatStandIn(t), await wechatStandIn(t)]
  web.person.unionid = official.person.unionid = `o6_bmasdasdsad6_2sgVt7hMZOPfL${newSecret(4)}`
  official.appId = 'wx0000000000000002'
  const env = {
    ...wechatEnv(web),
    WECHAT_OFFICIAL_APP_ID: official.appId,
    WECHAT_OFFICIAL_APP_SECRET: web.secret,
  }
  const fixture = await start(t, { env })
  const first = await begin(fixture)
  const sub = await finish(first, await signInWith(first, 'wechat'))
  web.appId = official.appId
  web.person = official.person
  const second = await begin(fixture, { headers: inWechat })
  t.is(await finish(second, await signInWith(second, 'wechat')), sub)
  t.is((await fixture.storage.identities.listByUser(sub)).length, 2)
})

test('the made-up person of a snapshot page is refused', async (t) => {
  const wechat = await wechatStandIn(t)
  wechat.more = { is_snapshotuser: 1 }
  const fixture = await start(t, { env: wechatEnv(wechat) })
  const back = await signInWith(await begin(fixture, { headers: inWechat }), 'wechat')
  t.regex(back.text, /WeChat did not confirm who you are/)
  t.is((await auditOf(fixture, 'login.failed')).length, 1)
})

test('who cancels in WeChat, and WeChat’s errors with status 200, come back to the login page', async (t) => {
  const wechat = await wechatStandIn(t)
  const fixture = await start(t, { env: wechatEnv(wechat) })
  for (const [errcode, sentence] of [
    [40_029, /WeChat did not confirm/],
    [40_125, /WeChat did not confirm/],
    [-1, /WeChat cannot be reached/],
  ] as const) {
    wechat.errcode = errcode
    t.regex((await signInWith(await begin(fixture), 'wechat')).text, sentence)
  }
  wechat.mood = 'denying'
  t.regex(
    (await signInWith(await begin(fixture), 'wechat')).text,
    /You did not sign in with WeChat/,
  )
  const lines = fixture.logLines.join('\n')
  t.regex(lines, /errcode 40029/)
  t.false(lines.includes(wechat.secret))
})
