import test from 'ava'
import { newSecret } from '#lib/ids.ts'
import { addApp } from '../support/authenticator.ts'
import { administrator, auditOf } from './administrator.ts'

test('a ban ends what the user has at once and lets nothing new begin, until it is lifted', async (t) => {
  const fixture = await administrator(t)
  const { admin, signIn } = fixture
  const someone = await fixture.someoneWith([])
  const path = `/admin/users/${someone.id}`

  const banned = await admin('POST', `${path}/ban`, { reason: 'spam' })
  t.like(banned, { status: 200, body: { is_active: false } })
  t.truthy(banned.body.banned_at)
  t.is((await someone.call('GET', '/users/me')).status, 401)
  await t.throwsAsync(signIn(someone.email, someone.password), { message: /401/ })
  t.is((await admin('POST', `${path}/ban`)).body.banned_at, banned.body.banned_at)

  t.like(await admin('POST', `${path}/unban`), { status: 200, body: { banned_at: null } })
  t.is((await (await signIn(someone.email, someone.password))('GET', '/users/me')).status, 200)
  t.is((await someone.call('GET', '/users/me')).status, 401)
  const events = await auditOf(fixture, `user:${someone.id}`)
  t.like(
    events.find(({ type, details }) => type === 'user.banned' && 'reason' in (details as object)),
    { details: { reason: 'spam', before: { is_active: true }, after: { is_active: false } } },
  )
})

test('reset-password with a password sets it and ends every sign-in', async (t) => {
  const fixture = await administrator(t)
  const someone = await fixture.someoneWith([])
  const path = `/admin/users/${someone.id}/reset-password`
  const password = newSecret(12)
  t.is((await fixture.admin('POST', path, { password })).status, 200)
  t.is((await someone.call('GET', '/users/me')).status, 401)
  await t.throwsAsync(fixture.signIn(someone.email, someone.password), { message: /401/ })
  await t.notThrowsAsync(fixture.signIn(someone.email, password))
  const short = await fixture.admin('POST', path, { password: 'short' })
  t.like(short, { status: 422, body: { errors: [{ path: 'body.password' }] } })
  t.notRegex(JSON.stringify(await auditOf(fixture, `user:${someone.id}`)), new RegExp(password))
})

test('reset-password without a password mails a link and changes nothing yet', async (t) => {
  const fixture = await administrator(t)
  const someone = await fixture.someoneWith([])
  const path = `/admin/users/${someone.id}/reset-password`
  t.is((await fixture.admin('POST', path)).status, 200)
  const { body } = await fixture.admin('GET', '/admin/mail')
  t.true(body.mails.some((mail: { to: string }) => mail.to === someone.email))
  t.notRegex(JSON.stringify(body), /token|href|<|body/i)
  t.is((await someone.call('GET', '/users/me')).status, 200)
})

test('reset-password without a password needs an address and an active user', async (t) => {
  const { admin } = await administrator(t)
  const { body: user } = await admin('POST', '/admin/users', { username: 'nomail' })
  const path = `/admin/users/${user.id}`
  t.like(await admin('POST', `${path}/reset-password`), { status: 409, body: { code: 'no_email' } })
  await admin('PATCH', path, { email: 'nomail@example.com' })
  await admin('POST', `${path}/ban`)
  t.like(await admin('POST', `${path}/reset-password`), { status: 409, body: { code: 'banned' } })
})

test('logout ends every sign-in of a user', async (t) => {
  const fixture = await administrator(t)
  const someone = await fixture.someoneWith([])
  const other = await fixture.signIn(someone.email, someone.password)
  t.is((await fixture.admin('POST', `/admin/users/${someone.id}/logout`)).status, 204)
  t.is((await someone.call('GET', '/users/me')).status, 401)
  t.is((await other('GET', '/users/me')).status, 401)
})

test('one sign-in of a user is seen and ended, the other goes on', async (t) => {
  const fixture = await administrator(t)
  const { admin } = fixture
  const someone = await fixture.someoneWith([])
  const other = await fixture.signIn(someone.email, someone.password)
  const list = () => admin('GET', `/admin/sessions?user_id=${someone.id}`)
  const { sessions } = (await list()).body
  t.is(sessions.length, 2)
  t.like(sessions[0], { kind: 'app', client_id: 'first-party' })

  const path = `/admin/users/${someone.id}/sessions`
  t.is((await admin('DELETE', `${path}/${sessions[0].id}`)).status, 204)
  t.is((await admin('DELETE', `${path}/${sessions[0].id}`)).status, 404)
  const statuses = [await someone.call('GET', '/users/me'), await other('GET', '/users/me')]
  t.deepEqual(
    statuses.map(({ status }) => status).toSorted((a, b) => a - b),
    [200, 401],
  )
  t.is((await list()).body.sessions.length, 1)
  t.is((await admin('GET', '/admin/sessions')).status, 422)
})

test('remove-factors lets in again who has lost phone and codes, and ends every sign-in', async (t) => {
  const fixture = await administrator(t)
  const someone = await fixture.someoneWith([])
  await addApp(fixture, someone.id)
  await t.throwsAsync(fixture.signIn(someone.email, someone.password), { message: /mfa_required/ })
  const answer = await fixture.admin('POST', `/admin/users/${someone.id}/remove-factors`)
  t.like(answer, { status: 200, body: { removed: 1 } })
  t.is((await someone.call('GET', '/users/me')).status, 401)
  await t.notThrowsAsync(fixture.signIn(someone.email, someone.password))
  const events = await auditOf(fixture, `user:${someone.id}`)
  t.like(
    events.find(({ type }) => type === 'factor.all_removed'),
    { details: { removed: 1 } },
  )
})
