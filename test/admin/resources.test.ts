import test from 'ava'
import { adminScopes } from '#admin/scopes.ts'
import type { ResourceScope } from '#storage/resources.ts'
import { administrator, auditOf } from './administrator.ts'

const identifier = 'https://api.example/orders?v=1'
const path = `/admin/resources/${encodeURIComponent(identifier)}`
const resource = {
  identifier,
  name: { en: 'Orders', 'zh-CN': '订单' },
  scopes: [
    { name: 'orders:read', description: { en: 'See your orders' } },
    { name: 'orders:write', description: { en: 'Change your orders' }, sensitive: true },
  ],
  access_token_ttl: 300,
  metadata_claims: { tier: 'public.tier' },
}

test('a resource is made, seen, replaced and deleted by its percent-encoded identifier', async (t) => {
  const fixture = await administrator(t)
  const { admin } = fixture
  t.deepEqual(await admin('POST', '/admin/resources', resource), { status: 201, body: resource })
  t.deepEqual(await admin('GET', path), { status: 200, body: resource })
  const { identifier: _, ...rest } = resource
  const replaced = await admin('PUT', path, { ...rest, access_token_ttl: null, scopes: [] })
  t.like(replaced, { status: 200, body: { scopes: [], access_token_ttl: null } })
  const listed = await admin('GET', '/admin/resources')
  t.true(listed.body.resources.some((one: { identifier: string }) => one.identifier === identifier))
  t.is((await admin('DELETE', path)).status, 204)
  t.is((await admin('GET', path)).status, 404)
  t.deepEqual(
    (await auditOf(fixture, `resource:${identifier}`)).map(({ type }) => type),
    ['resource.deleted', 'resource.updated', 'resource.created'],
  )
})

test('what is no resource is refused with 422, a taken identifier with 409', async (t) => {
  const { admin } = await administrator(t)
  const wrong = [
    { identifier: 'not a uri' },
    { identifier: `${identifier}#fragment` },
    { name: {} },
    { scopes: [{ name: 'two words', description: { en: 'x' } }] },
    { scopes: [{ name: 'openid', description: { en: 'x' } }] },
    { scopes: [resource.scopes[0], resource.scopes[0]] },
    { access_token_ttl: 100_000 },
  ]
  for (const one of wrong)
    t.is(
      (await admin('POST', '/admin/resources', { ...resource, ...one })).status,
      422,
      JSON.stringify(one),
    )
  await admin('POST', '/admin/resources', resource)
  t.like(await admin('POST', '/admin/resources', resource), {
    status: 409,
    body: { code: 'already_exists', errors: [{ path: 'body.identifier' }] },
  })
})

test('a scope that a role permits cannot go', async (t) => {
  const { admin } = await administrator(t)
  await admin('POST', '/admin/resources', resource)
  const permissions = { [identifier]: ['orders:read'] }
  await admin('POST', '/admin/roles', { name: 'clerk', permissions })
  const { identifier: _, ...rest } = resource
  const inUse = { status: 409, body: { code: 'in_use', errors: [{ path: 'roles.clerk' }] } }
  t.like(await admin('DELETE', path), inUse)
  t.like(await admin('PUT', path, { ...rest, scopes: [resource.scopes[1]] }), inUse)
  t.is((await admin('PUT', path, { ...rest, scopes: [resource.scopes[0]] })).status, 200)
})

test('our own API keeps its scopes, and the administrators’ stay restricted', async (t) => {
  const { admin, config } = await administrator(t)
  const own = `/admin/resources/${encodeURIComponent(config.API_RESOURCE)}`
  const { name, scopes } = (await admin('GET', own)).body
  t.true(adminScopes.every((one) => scopes.some((other: typeof one) => sameScope(one, other))))

  const refused = { status: 409, body: { code: 'protected_resource' } }
  t.like(await admin('DELETE', own), refused)
  t.like(await admin('PUT', own, { name, scopes: scopes.slice(1) }), refused)
  const opened = scopes.map((one: object) => ({ ...one, restricted: false }))
  t.like(await admin('PUT', own, { name, scopes: opened }), refused)
  const more = [...scopes, { name: 'coupons', description: { en: 'See coupons' } }]
  t.is((await admin('PUT', own, { name, scopes: more })).status, 200)
})

const sameScope = (one: ResourceScope, other: ResourceScope): boolean =>
  one.name === other.name && other.restricted === true && other.sensitive === true
