import { createRemoteJWKSet, jwtVerify } from 'jose'
import { onStorages } from '../support/storages.ts'
import { openidOf } from '../support/wechat.ts'
import { auditTypes, openWorld } from './mini-program.ts'

onStorages(
  'somebody signs in from a mini program, is made a user, and comes back as the same',
  async (t, begin) => {
    const { wechat, fixture, api, login } = await openWorld(t, begin)
    const first = await login({ name: 'Li' })
    t.is(first.status, 200, JSON.stringify(first.body))
    t.deepEqual(Object.keys(first.body).toSorted(), [
      'access_token',
      'expires_in',
      'refresh_token',
      'scope',
      'token_type',
      'user',
    ])
    t.like(first.body.user, { email: null, email_verified: false, phone: null, login_count: 1 })

    const jwks = createRemoteJWKSet(new URL(`${fixture.issuer}/oauth/jwks`))
    const { payload } = await jwtVerify(first.body.access_token, jwks, {
      audience: fixture.config.API_RESOURCE,
      typ: 'at+jwt',
    })
    t.is(payload.sub, first.body.user.id)
    const [identity] = await fixture.storage.identities.listByUser(first.body.user.id)
    const subject = openidOf({ name: 'Li' }, wechat.app.id)
    t.like(identity, { provider: 'wechat', appId: wechat.app.id, subject, unionId: undefined })

    const refresh_token = first.body.refresh_token
    const pair = await api.call('POST', '/auth/refresh', { body: { refresh_token } })
    t.is(pair.status, 200)
    const token = pair.body.access_token
    t.is((await api.call('GET', '/users/me', { token })).body.id, first.body.user.id)

    const again = await login({ name: 'Li' })
    t.is(again.body.user.id, first.body.user.id)
    t.is(again.body.user.login_count, 2)
    const types = await auditTypes(fixture)
    t.is(types.filter((type) => type === 'user.registered').length, 1)
    t.is(types.filter((type) => type === 'login.succeeded').length, 2)
  },
)

onStorages('fifty first sign-ins of one person at once make one user', async (t, begin) => {
  const { fixture, login } = await openWorld(t, begin)
  const answers = await Promise.all(Array.from({ length: 50 }, () => login({ name: 'Li' })))
  t.deepEqual([...new Set(answers.map(({ status }) => status))], [200])
  t.is(new Set(answers.map(({ body }) => body.user.id)).size, 1)
  const { users } = await fixture.storage.users.list({ limit: 10 })
  t.is(users.filter(({ email }) => email === undefined).length, 1)
  const types = await auditTypes(fixture)
  t.is(types.filter((type) => type === 'user.registered').length, 1)
})

onStorages('a unionid that shows later joins the apps of one owner', async (t, begin) => {
  const { wechat, second, fixture, api, login } = await openWorld(t, begin)
  const before = await login({ name: 'Li' })
  const withUnion = { name: 'Li', unionId: 'o6_bmasdasdsad6_2sgVt7hMZOPfL' }
  const after = await login(withUnion)
  t.is(after.body.user.id, before.body.user.id)
  const [identity] = await fixture.storage.identities.listByUser(before.body.user.id)
  t.is(identity?.unionId, withUnion.unionId)

  const body = { code: wechat.login(withUnion, second), app_id: second.id }
  const elsewhere = await api.call('POST', '/auth/wechat-login', { body })
  t.is(elsewhere.body.user.id, before.body.user.id)
  t.is((await fixture.storage.identities.listByUser(before.body.user.id)).length, 2)
})

const names = ['王小明', '👩‍👩‍👧‍👦 玉门 𠮷野家', 'Zoë – 𝒜', '１２３ｶﾅ', 'a\u0301e\u0301']

onStorages(
  'Chinese and emoji nicknames survive, also when they change at WeChat',
  async (t, begin) => {
    const { wechat, fixture, api } = await openWorld(t, begin)
    const person = { name: 'Li' }
    const picture = 'https://thirdwx.qlogo.cn/mmopen/1/132'
    for (const nickName of names) {
      const code = wechat.login(person)
      const sealed = wechat.seal(person, { nickName, avatarUrl: picture })
      const { body } = await api.call('POST', '/auth/wechat-login', { body: { code, ...sealed } })
      t.is(body.user.nickname, nickName)
      t.is(body.user.avatar_url, picture)
      // Without open data nothing is forgotten: the next name still follows.
      const plain = await api.call('POST', '/auth/wechat-login', {
        body: { code: wechat.login(person) },
      })
      t.is(plain.body.user.nickname, nickName)
      const [identity] = await fixture.storage.identities.listByUser(body.user.id)
      t.is(identity?.profile.nickname, nickName)
    }
    const { body } = await api.call('POST', '/auth/wechat-login', {
      body: { code: wechat.login(person) },
    })
    const own = { nickname: '自己起的名字' }
    await api.call('PATCH', '/users/me', { token: body.access_token, body: own })
    const code = wechat.login(person)
    const signed = wechat.sign(person, { nickName: '微信里的名字', avatarUrl: picture })
    const kept = await api.call('POST', '/auth/wechat-login', { body: { code, ...signed } })
    t.is(kept.body.user.nickname, own.nickname)
  },
)
