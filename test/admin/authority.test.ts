import test from 'ava'
import { isAdminScope } from '#admin/scopes.ts'
import { newSecret } from '#lib/ids.ts'
import { callback } from '../support/start.ts'
import { administrator, type AdminFixture } from './administrator.ts'

/** Someone whose role permits only these scopes of our own API. */
async function deputy(fixture: AdminFixture, ...scopes: string[]) {
  const name = `deputy-${newSecret(6).toLowerCase()}`
  const permissions = { [fixture.config.API_RESOURCE]: scopes }
  await fixture.admin('POST', '/admin/roles', { name, permissions })
  return { role: name, ...(await fixture.someoneWith([name])) }
}

const refused = { status: 403, body: { code: 'insufficient_scope' } }

interface Document {
  paths: Record<
    string,
    Record<string, { operationId: string; security: Record<string, string[]>[] }>
  >
}

test('every route of the administrators, by the document, refuses a stranger and someone without its scope', async (t) => {
  const fixture = await administrator(t)
  const someone = await fixture.someoneWith([])
  const { paths } = (await (await fetch(`${fixture.issuer}/openapi.json`)).json()) as Document
  const operations = Object.entries(paths)
    .filter(([path]) => path.startsWith('/admin/'))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, one]) => ({ path, method: method.toUpperCase(), one })),
    )
  t.true(operations.length > 35)
  for (const { path, method, one } of operations) {
    const scope = one.security[0]?.['bearer']?.[0] ?? ''
    t.true(isAdminScope(scope), one.operationId)
    const url = path.replaceAll(/\{\w+\}/g, someone.id)
    t.is((await fetch(fixture.issuer + url, { method })).status, 401, one.operationId)
    t.like(await someone.call(method, url), refused, one.operationId)
  }
  t.is((await someone.call('GET', '/users/me')).status, 200)
})

test('anyone who may only manage users makes no one an administrator', async (t) => {
  const fixture = await administrator(t)
  const helper = await deputy(fixture, 'admin:users')
  const self = `/admin/users/${helper.id}`
  t.like(await helper.call('PATCH', self, { roles: ['admin'] }), refused)
  t.like(await helper.call('POST', '/admin/users', { username: 'mole', roles: ['admin'] }), refused)
  t.is((await helper.call('PATCH', self, { roles: [helper.role] })).status, 200)
  await fixture.admin('POST', '/admin/roles', { name: 'customer' })
  t.is((await helper.call('PATCH', self, { roles: [helper.role, 'customer'] })).status, 200)
})

test('anyone who may only manage users does not get hold of an administrator', async (t) => {
  const fixture = await administrator(t)
  const helper = await deputy(fixture, 'admin:users')
  const { body: root } = await fixture.admin('GET', '/users/me')
  const path = `/admin/users/${root.id}`
  t.is((await helper.call('GET', path)).status, 200)
  t.like(await helper.call('POST', `${path}/reset-password`, { password: newSecret() }), refused)
  t.like(await helper.call('PATCH', path, { email: helper.email }), refused)
  t.like(await helper.call('POST', `${path}/ban`), refused)
  t.like(await helper.call('DELETE', path), refused)
})

test('anyone who may only manage clients gets no more by one', async (t) => {
  const fixture = await administrator(t)
  const helper = await deputy(fixture, 'admin:clients')
  const robot = {
    client_id: 'robot',
    redirect_uris: [],
    response_types: [],
    grant_types: ['client_credentials'],
    scope: 'admin:users',
  }
  t.like(await helper.call('POST', '/admin/clients', robot), refused)
  t.is((await fixture.admin('POST', '/admin/clients', robot)).status, 201)
  t.like(await helper.call('POST', '/admin/clients/robot/rotate-secret'), refused)
  t.like(await helper.call('PATCH', '/admin/clients/robot', { scope: null }), refused)
  t.like(await helper.call('DELETE', '/admin/clients/robot'), refused)
  const harmless = { redirect_uris: [callback], client_id: 'harmless' }
  t.is((await helper.call('POST', '/admin/clients', harmless)).status, 201)
  t.like(await helper.call('PATCH', '/admin/clients/harmless', { scope: 'admin:keys' }), refused)
})

test('anyone who may only manage roles neither adds administration to one nor takes it away', async (t) => {
  const fixture = await administrator(t)
  const helper = await deputy(fixture, 'admin:roles')
  const more = { [fixture.config.API_RESOURCE]: ['admin:roles', 'admin:users'] }
  t.like(await helper.call('PATCH', `/admin/roles/${helper.role}`, { permissions: more }), refused)
  t.like(await helper.call('POST', '/admin/roles', { name: 'more', permissions: more }), refused)
  t.is((await helper.call('POST', '/admin/roles', { name: 'plain' })).status, 201)

  const stronger = { name: 'stronger', permissions: more }
  await fixture.admin('POST', '/admin/roles', stronger)
  const path = '/admin/roles/stronger'
  for (const permissions of [{}, { [fixture.config.API_RESOURCE]: ['admin:roles'] }])
    t.like(await helper.call('PATCH', path, { permissions }), refused)
  t.like(await helper.call('DELETE', path), refused)
  t.like(await fixture.admin('GET', path), { status: 200, body: stronger })
  t.is((await helper.call('DELETE', '/admin/roles/plain')).status, 204)
})

test('a client that is registered for a scope administers with its own token', async (t) => {
  const fixture = await administrator(t)
  const { body: robot } = await fixture.admin('POST', '/admin/clients', {
    redirect_uris: [],
    response_types: [],
    grant_types: ['client_credentials'],
    scope: 'admin:users',
  })
  const response = await fetch(`${fixture.issuer}/oauth/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${robot.client_id}:${robot.client_secret}`).toString('base64')}`,
    },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      resource: fixture.config.API_RESOURCE,
      scope: 'admin:users',
    }),
  })
  const { access_token: token } = (await response.json()) as { access_token: string }
  const get = (path: string) =>
    fetch(fixture.issuer + path, { headers: { authorization: `Bearer ${token}` } })
  t.is((await get('/admin/users')).status, 200)
  t.is((await get('/admin/clients')).status, 403)
})
