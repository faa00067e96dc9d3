import test from 'ava'
import { administrator, auditOf } from './administrator.ts'

test('GET /admin/audit says who did what to whom, from where, and filters', async (t) => {
  const fixture = await administrator(t)
  const { admin } = fixture
  const { body: me } = await admin('GET', '/users/me')
  const { body: user } = await admin('POST', '/admin/users', { username: 'watched' })
  const [event] = await auditOf(fixture, `user:${user.id}`)
  t.like(event, {
    type: 'user.registered',
    actor: me.id,
    target: `user:${user.id}`,
    client_id: 'first-party',
    details: { before: {}, after: { username: 'watched' } },
  })
  t.truthy(event!['address'])
  t.regex(String(event!['trace_id']), /^[0-9a-f]{32}$/)

  const types = async (query: string): Promise<string[]> => [
    ...new Set(
      (await admin('GET', `/admin/audit?${query}`)).body.events.map(
        ({ type }: { type: string }) => type,
      ) as string[],
    ),
  ]
  t.deepEqual(await types('type=user.registered'), ['user.registered'])
  t.deepEqual(await types(`type=user.&actor=${me.id}`), ['user.registered'])
  t.deepEqual(await types('to=2001-01-01'), [])
  t.deepEqual(await types('from=2001-01-01T00:00:00%2B08:00&type=user.'), ['user.registered'])
  t.is((await admin('GET', '/admin/audit?from=yesterday')).status, 422)
  const page = await admin('GET', '/admin/audit?limit=1')
  const next = await admin('GET', `/admin/audit?limit=1&cursor=${page.body.next_cursor}`)
  t.not(next.body.events[0].id, page.body.events[0].id)
})

test('GET /admin/keys shows no private half, and a rotation moves every key on', async (t) => {
  const fixture = await administrator(t)
  const { admin } = fixture
  const before = await admin('GET', '/admin/keys')
  t.deepEqual(Object.keys(before.body.keys[0]).sort(), [
    'alg',
    'created_at',
    'kid',
    'state',
    'state_since',
  ])
  const early = await admin('POST', '/admin/keys/rotate')
  t.like(early, { status: 409, body: { code: 'keys_too_young' } })
  const after = await admin('POST', '/admin/keys/rotate', { force: true })
  t.is(after.status, 200)
  const kidIn = (body: { keys: { kid: string; state: string; alg: string }[] }, state: string) =>
    body.keys.find((key) => key.state === state && key.alg === 'ES256')?.kid
  t.is(kidIn(after.body, 'current'), kidIn(before.body, 'next'))
  t.is(kidIn(after.body, 'previous'), kidIn(before.body, 'current'))
  t.like((await auditOf(fixture, 'keys'))[0], { type: 'keys.rotated', details: { force: true } })
})

test('POST /admin/keys/:kid/revoke invalidates at once everything the key has signed', async (t) => {
  const fixture = await administrator(t)
  const { admin } = fixture
  const { body } = await admin('GET', '/admin/keys')
  const { kid } = body.keys.find(
    (key: { state: string; alg: string }) => key.state === 'current' && key.alg === 'ES256',
  )
  const revoked = await admin('POST', `/admin/keys/${kid}/revoke`)
  t.is(revoked.status, 200)
  t.false(JSON.stringify(revoked.body).includes(kid))
  t.is((await admin('GET', '/admin/keys')).status, 401, 'its own token was signed with the key')
  const jwks = await (await fetch(`${fixture.issuer}/oauth/jwks`)).text()
  t.false(jwks.includes(kid))

  const later = await fixture.signIn(fixture.adminEmail, fixture.config.ADMIN_PASSWORD!)
  t.is((await later('POST', `/admin/keys/${kid}/revoke`)).status, 404)
  const events = await auditOf({ ...fixture, admin: later }, `key:${kid}`)
  t.like(events, [{ type: 'keys.revoked', details: { alg: 'ES256', state: 'current' } }])
})

test('API keys of everyone are listed without secrets and revoked', async (t) => {
  const fixture = await administrator(t)
  const { admin } = fixture
  const someone = await fixture.someoneWith([])
  const wanted = { name: 'backup', scopes: ['account:read'] }
  const { body: made } = await someone.call('POST', '/users/api-keys', wanted)
  const listed = await admin('GET', '/admin/api-keys')
  t.like(listed.body.api_keys[0], { id: made.id, user_id: someone.id, name: 'backup' })
  t.false(JSON.stringify(listed.body).includes(made.key))
  t.false('hash' in listed.body.api_keys[0])

  const withKey = () =>
    fetch(`${fixture.issuer}/users/me`, { headers: { 'x-api-key': made.key as string } })
  t.is((await withKey()).status, 200)
  t.is((await admin('DELETE', `/admin/api-keys/${made.id}`)).status, 204)
  t.is((await withKey()).status, 401)
  t.is((await admin('DELETE', `/admin/api-keys/${made.id}`)).status, 404)
  const { body: me } = await admin('GET', '/users/me')
  const [event, creation] = await auditOf(fixture, `api_key:${made.id}`)
  t.like(event, {
    type: 'api_key.revoked',
    actor: me.id,
    details: { before: { user_id: someone.id, ...wanted } },
  })
  t.like(creation, { type: 'api_key.created', actor: someone.id })
})
