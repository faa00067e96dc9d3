import test from 'ava'
import { newSecret } from '#lib/ids.ts'
import { administrator, auditOf } from './administrator.ts'

const wholeUser = {
  email: 'Ann@example.com',
  email_verified: true,
  username: 'ann',
  nickname: 'Ann',
  phone: '+8613800000000',
  avatar_url: 'https://pictures.example/ann.png',
  locale: 'zh-CN',
  metadata: { public: { theme: 'dark' }, private: { note: 'vip' } },
  is_premium: true,
  points: 12.5,
}

test('POST /admin/users makes a user with every field, who can then sign in', async (t) => {
  const { admin, signIn } = await administrator(t)
  const password = newSecret(12)
  const made = await admin('POST', '/admin/users', { ...wholeUser, password })
  t.is(made.status, 201)
  t.like(made.body, {
    ...wholeUser,
    metadata: {
      public: { theme: 'dark' },
      private: { note: 'vip', is_premium: true, points: 12.5 },
    },
    roles: [],
    is_active: true,
    banned_at: null,
  })
  t.notRegex(JSON.stringify(made.body), new RegExp(password))
  const me = await (await signIn('ann', password))('GET', '/users/me')
  t.is(me.body.id, made.body.id)
})

test('POST /admin/users refuses a taken e-mail or username with 409', async (t) => {
  const { admin } = await administrator(t)
  await admin('POST', '/admin/users', { email: 'bo@example.com', username: 'bobo' })
  const email = await admin('POST', '/admin/users', { email: 'BO@example.com' })
  t.like(email, { status: 409, body: { code: 'already_exists', errors: [{ path: 'body.email' }] } })
  const username = await admin('POST', '/admin/users', { username: 'BOBO' })
  t.like(username, {
    status: 409,
    body: { code: 'already_exists', errors: [{ path: 'body.username' }] },
  })
})

test('POST /admin/users refuses what is not a user with 422', async (t) => {
  const { admin } = await administrator(t)
  const wrong = {
    'body.email': { email: 'no address' },
    'body.password': { email: 'a@example.com', password: 'short' },
    'body.roles.0': { email: 'a@example.com', roles: ['emperor'] },
    'body.avatar_url': { email: 'a@example.com', avatar_url: 'javascript:alert(1)' },
    'body.phone': { email: 'a@example.com', phone: '12' },
    'body.nickname': { email: 'a@example.com', nickname: 'a\0b' },
  }
  for (const [path, body] of Object.entries(wrong)) {
    const answer = await admin('POST', '/admin/users', body)
    t.like(answer, { status: 422, body: { code: 'validation_failed', errors: [{ path }] } })
  }
  t.is((await admin('POST', '/admin/users', {})).status, 422)
  t.is((await admin('POST', '/admin/users', { email: 'a@example.com', id: '1' })).status, 422)
})

test('PATCH /admin/users/:id changes only the fields that are given, and merges metadata', async (t) => {
  const fixture = await administrator(t)
  const { admin } = fixture
  const { body: user } = await admin('POST', '/admin/users', wholeUser)
  const path = `/admin/users/${user.id}`
  const first = await admin('PATCH', path, { nickname: 'Anna', phone: null, points: 20 })
  t.like(first, {
    status: 200,
    body: {
      ...wholeUser,
      nickname: 'Anna',
      phone: null,
      points: 20,
      metadata: { private: { note: 'vip', is_premium: true, points: 20 } },
    },
  })
  const second = await admin('PATCH', path, { metadata: { private: { note: null, tier: 2 } } })
  t.deepEqual(second.body.metadata, {
    public: { theme: 'dark' },
    private: { is_premium: true, points: 20, tier: 2 },
  })
  const [last, before] = await auditOf(fixture, `user:${user.id}`)
  t.like(before, {
    type: 'user.updated',
    details: { before: { nickname: 'Ann', phone: wholeUser.phone }, after: { nickname: 'Anna' } },
  })
  t.deepEqual((last!['details'] as { before: { metadata: object } }).before.metadata, {
    public: { theme: 'dark' },
    private: { note: 'vip', is_premium: true, points: 20 },
  })
})

test('PUT /admin/users/:id replaces the whole, and refuses a part of it', async (t) => {
  const { admin } = await administrator(t)
  const { body: user } = await admin('POST', '/admin/users', wholeUser)
  const path = `/admin/users/${user.id}`
  const part = await admin('PUT', path, { nickname: 'Anna' })
  t.is(part.status, 422)
  const missing = part.body.errors.map((one: { path: string }) => one.path)
  t.true(missing.includes('body.email') && missing.includes('body.roles'))
  const whole = {
    email: wholeUser.email,
    email_verified: false,
    username: 'anna',
    nickname: null,
    phone: null,
    avatar_url: null,
    locale: null,
    roles: [],
    metadata: { private: { note: 'new' } },
  }
  const put = await admin('PUT', path, whole)
  t.like(put, { status: 200, body: { ...whole, is_premium: false, points: 0 } })
  t.deepEqual(put.body.metadata, { public: {}, private: { note: 'new' } })
})

test('a changed e-mail is not confirmed unless the change says so', async (t) => {
  const { admin } = await administrator(t)
  const { body: user } = await admin('POST', '/admin/users', wholeUser)
  const path = `/admin/users/${user.id}`
  t.true((await admin('PATCH', path, { email: 'ann@EXAMPLE.com' })).body.email_verified)
  t.false((await admin('PATCH', path, { email: 'anna@example.com' })).body.email_verified)
  const said = await admin('PATCH', path, { email: 'x@example.com', email_verified: true })
  t.true(said.body.email_verified)
})

test('GET /admin/users finds by text, role and status, and goes on from a cursor', async (t) => {
  const { admin } = await administrator(t)
  for (const name of ['cara', 'carl', 'dora'])
    await admin('POST', '/admin/users', { username: name })
  const names = (body: { users: { username: string }[] }) => body.users.map((one) => one.username)

  t.deepEqual(names((await admin('GET', '/admin/users?q=CAR')).body), ['carl', 'cara'])
  t.deepEqual(names((await admin('GET', '/admin/users?role=admin')).body), ['admin'])
  t.deepEqual(names((await admin('GET', '/admin/users?status=banned')).body), [])
  const first = await admin('GET', '/admin/users?limit=3')
  const second = await admin('GET', `/admin/users?limit=3&cursor=${first.body.next_cursor}`)
  t.deepEqual([...names(first.body), ...names(second.body)], ['dora', 'carl', 'cara', 'admin'])
  t.is(second.body.next_cursor, null)
})

test('GET /admin/users refuses a wrong query with 422', async (t) => {
  const { admin } = await administrator(t)
  for (const query of [
    'limit=0',
    'limit=101',
    'limit=x',
    'status=odd',
    'cursor=nonsense',
    'q=%00',
  ]) {
    const answer = await admin('GET', `/admin/users?${query}`)
    t.like(answer, { status: 422, body: { code: 'validation_failed' } }, query)
  }
})

test('DELETE /admin/users/:id deletes the user and their tokens, and keeps nothing of them in the audit log', async (t) => {
  const fixture = await administrator(t)
  const someone = await fixture.someoneWith([])
  t.is((await fixture.admin('DELETE', `/admin/users/${someone.id}`)).status, 204)
  t.is((await fixture.admin('GET', `/admin/users/${someone.id}`)).status, 404)
  t.is((await someone.call('GET', '/users/me')).status, 401)
  const [event] = await auditOf(fixture, `user:${someone.id}`)
  t.like(event, { type: 'user.deleted', details: { before: { roles: [] } } })
})

test('an unknown user is 404 on every route', async (t) => {
  const { admin } = await administrator(t)
  const path = '/admin/users/0190d0a0-0000-7000-8000-000000000000'
  t.is((await admin('GET', path)).status, 404)
  t.is((await admin('PATCH', path, {})).status, 404)
  t.is((await admin('DELETE', path)).status, 404)
  for (const action of ['ban', 'unban', 'reset-password', 'logout'])
    t.is((await admin('POST', `${path}/${action}`)).status, 404, action)
  t.is((await admin('GET', '/admin/users/%00')).status, 422)
})

test('the last administrator can be neither deleted nor banned nor demoted', async (t) => {
  const { admin } = await administrator(t)
  const { body: me } = await admin('GET', '/users/me')
  const path = `/admin/users/${me.id}`
  const refused = { status: 409, body: { code: 'last_administrator' } }
  t.like(await admin('DELETE', path), refused)
  t.like(await admin('POST', `${path}/ban`), refused)
  t.like(await admin('PATCH', path, { roles: [] }), refused)
  t.deepEqual((await admin('GET', path)).body.roles, ['admin'])
})
