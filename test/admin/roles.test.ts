import test from 'ava'
import { administrator, auditOf } from './administrator.ts'

test('a role is made, given, changed and deleted, and what it permits counts at once', async (t) => {
  const fixture = await administrator(t)
  const { admin, config } = fixture
  const permissions = { [config.API_RESOURCE]: ['admin:audit'] }
  const made = await admin('POST', '/admin/roles', { name: 'auditor', permissions })
  t.like(made, { status: 201, body: { name: 'auditor', description: null, permissions } })
  t.is((await admin('POST', '/admin/roles', { name: 'auditor' })).status, 409)

  const auditor = await fixture.someoneWith(['auditor'])
  t.is((await auditor.call('GET', '/admin/audit')).status, 200)
  t.is((await auditor.call('GET', '/admin/users')).status, 403)

  const described = await admin('PATCH', '/admin/roles/auditor', { description: 'Reads' })
  t.like(described, { status: 200, body: { description: 'Reads', permissions } })
  t.is((await admin('PUT', '/admin/roles/auditor', { permissions: {} })).status, 422)
  const bare = await admin('PUT', '/admin/roles/auditor', { description: null, permissions: {} })
  t.like(bare, { status: 200, body: { description: null, permissions: {} } })
  t.is((await auditor.call('GET', '/admin/audit')).status, 403)

  t.is((await admin('DELETE', '/admin/roles/auditor')).status, 204)
  t.deepEqual((await admin('GET', `/admin/users/${auditor.id}`)).body.roles, [])
  t.is((await admin('GET', '/admin/roles/auditor')).status, 404)
  const [, changed] = await auditOf(fixture, 'role:auditor')
  t.like(changed, { type: 'role.updated', details: { before: { permissions } } })
})

test('permissions must name resources and scopes that are there', async (t) => {
  const { admin, config } = await administrator(t)
  const answer = await admin('POST', '/admin/roles', {
    name: 'odd',
    permissions: { 'https://nowhere.example': ['a'], [config.API_RESOURCE]: ['b', 'admin:users'] },
  })
  t.is(answer.status, 422)
  t.deepEqual(answer.body.errors, [
    { path: 'body.permissions.https://nowhere.example', message: 'is no resource' },
    { path: `body.permissions.${config.API_RESOURCE}`, message: 'has no scope b' },
  ])
  t.is((await admin('POST', '/admin/roles', { name: 'Has Space' })).status, 422)
})

test('the role admin can be neither deleted nor stripped of administration', async (t) => {
  const { admin } = await administrator(t)
  const refused = { status: 409, body: { code: 'protected_role' } }
  t.like(await admin('DELETE', '/admin/roles/admin'), refused)
  t.like(await admin('PATCH', '/admin/roles/admin', { permissions: {} }), refused)
  t.is((await admin('PATCH', '/admin/roles/admin', { description: 'All of it' })).status, 200)
})
