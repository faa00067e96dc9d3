import test from 'ava'
import { callback } from '../support/start.ts'
import { administrator, auditOf, type AdminFixture } from './administrator.ts'

const metadata = {
  client_name: 'Acme Notes',
  redirect_uris: [callback],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
}
const machine = {
  client_name: 'Nightly',
  redirect_uris: [],
  response_types: [],
  grant_types: ['client_credentials'],
}

/** The status of a client credentials request with this secret. */
async function tryToken({ issuer }: AdminFixture, id: string, secret: string): Promise<number> {
  const response = await fetch(`${issuer}/oauth/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${secret}`).toString('base64')}`,
    },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  })
  await response.body?.cancel()
  return response.status
}

test('POST /admin/clients makes a client whose secret is shown once and works', async (t) => {
  const fixture = await administrator(t)
  const { admin } = fixture
  const made = await admin('POST', '/admin/clients', { ...machine, client_uri: null })
  t.is(made.status, 201)
  t.like(made.body, { ...machine, live_secrets: 1, client_secret_expires_at: 0 })
  t.false('client_uri' in made.body)
  const { client_id: id, client_secret: secret } = made.body
  t.is(await tryToken(fixture, id, secret), 200)
  t.is(await tryToken(fixture, id, `${secret}x`), 401)

  const seen = await admin('GET', `/admin/clients/${id}`)
  const [event] = await auditOf(fixture, `client:${id}`)
  t.like(event, { type: 'client.created', details: { after: { client_name: 'Nightly' } } })
  const stored = await fixture.storage.clients.find(id)
  for (const text of [JSON.stringify(seen.body), JSON.stringify(event)]) {
    t.false(text.includes(secret))
    t.false(text.includes(stored!.secretHashes[0]!))
  }
})

test('a client that authenticates without a secret gets none', async (t) => {
  const { admin } = await administrator(t)
  const spa = { ...metadata, client_id: 'spa', token_endpoint_auth_method: 'none' }
  const made = await admin('POST', '/admin/clients', spa)
  t.like(made, { status: 201, body: { client_id: 'spa', live_secrets: 0 } })
  t.false('client_secret' in made.body)
  const rotated = await admin('POST', '/admin/clients/spa/rotate-secret')
  t.like(rotated, { status: 409, body: { code: 'no_secret' } })
  const again = await admin('POST', '/admin/clients', spa)
  t.like(again, { status: 409, body: { code: 'already_exists' } })
})

test('the scheme of a native application is a reversed domain name, and no other', async (t) => {
  const { admin } = await administrator(t)
  const own = 'com.example.notes:/back'
  const native = { ...metadata, application_type: 'native', redirect_uris: [own] }
  for (const [uri, status] of Object.entries({ [own]: 201, 'notes:/back': 422, 'notes.:/': 422 }))
    for (const field of ['redirect_uris', 'post_logout_redirect_uris']) {
      const made = await admin('POST', '/admin/clients', { ...native, [field]: [uri] })
      t.is(made.status, status, `${field} ${uri}`)
    }
})

test('metadata that makes no client is refused with 422 and the reason', async (t) => {
  const { admin } = await administrator(t)
  const wrong = [
    { redirect_uris: ['javascript:alert(1)'] },
    { redirect_uris: [`${callback}#fragment`] },
    { redirect_uris: callback },
    { token_endpoint_auth_method: 'client_secret_jwt' },
    { grant_types: ['password'] },
    { first_party: 'yes' },
    { allowed_cors_origins: ['https://app.example/path'] },
    { client_secret: 'of-my-own-choice-which-is-long-enough' },
    { client_id: 'with space' },
  ]
  for (const one of wrong) {
    const { status, body } = await admin('POST', '/admin/clients', { ...metadata, ...one })
    t.like(
      { status, code: body.code },
      { status: 422, code: 'validation_failed' },
      String(Object.keys(one)),
    )
    t.truthy(body.errors[0].message)
  }
})

test('PUT replaces the metadata, PATCH changes what is given, and secrets stay', async (t) => {
  const { admin } = await administrator(t)
  const { body: made } = await admin('POST', '/admin/clients', { ...metadata, verified: true })
  const path = `/admin/clients/${made.client_id}`
  const patched = await admin('PATCH', path, { client_name: 'Acme', verified: null })
  t.like(patched, { status: 200, body: { client_name: 'Acme', redirect_uris: [callback] } })
  t.false('verified' in patched.body)
  const { client_secret: _, ...seen } = made
  const put = await admin('PUT', path, { ...seen, client_uri: 'https://acme.example' })
  t.like(put, { status: 200, body: { client_name: 'Acme Notes', live_secrets: 1 } })
  t.false('client_secret' in put.body)
  t.is((await admin('PUT', path, { ...metadata, client_id: 'another' })).status, 422)
})

test('a client that comes to need a secret gets one, and loses it when it needs none', async (t) => {
  const { admin } = await administrator(t)
  const { body: made } = await admin('POST', '/admin/clients', {
    ...metadata,
    token_endpoint_auth_method: 'none',
  })
  const path = `/admin/clients/${made.client_id}`
  const basic = await admin('PATCH', path, { token_endpoint_auth_method: 'client_secret_basic' })
  t.truthy(basic.body.client_secret)
  const none = await admin('PATCH', path, { token_endpoint_auth_method: 'none' })
  t.is(none.body.live_secrets, 0)
})

test('a secret is rotated with both live, then the older one is dropped', async (t) => {
  const fixture = await administrator(t)
  const { admin } = fixture
  const { body: made } = await admin('POST', '/admin/clients', machine)
  const { client_id: id, client_secret: old } = made
  const path = `/admin/clients/${id}`
  t.is((await admin('DELETE', `${path}/secrets/old`)).status, 404)
  const rotated = await admin('POST', `${path}/rotate-secret`)
  t.like(rotated, { status: 200, body: { live_secrets: 2 } })
  const fresh = rotated.body.client_secret
  t.is(await tryToken(fixture, id, old), 200)
  t.is(await tryToken(fixture, id, fresh), 200)
  const third = await admin('POST', `${path}/rotate-secret`)
  t.like(third, { status: 409, body: { code: 'two_secrets' } })

  t.like(await admin('DELETE', `${path}/secrets/old`), { status: 200, body: { live_secrets: 1 } })
  t.is(await tryToken(fixture, id, old), 401)
  t.is(await tryToken(fixture, id, fresh), 200)
})

test('of parallel rotations one wins, and its secret is the live one', async (t) => {
  const fixture = await administrator(t)
  const { admin } = fixture
  const { body: made } = await admin('POST', '/admin/clients', machine)
  const path = `/admin/clients/${made.client_id}/rotate-secret`
  const answers = await Promise.all(Array.from({ length: 8 }, () => admin('POST', path)))
  const won = answers.filter(({ status }) => status === 200)
  t.is(won.length, 1)
  t.is(await tryToken(fixture, made.client_id, won[0]!.body.client_secret), 200)
})

test('clients are listed by pages, found by name, and deleted', async (t) => {
  const { admin } = await administrator(t)
  const { body: made } = await admin('POST', '/admin/clients', { ...machine, client_id: 'a/b:c' })
  const found = await admin('GET', '/admin/clients?q=nightly')
  t.deepEqual(
    found.body.clients.map((one: { client_id: string }) => one.client_id),
    [made.client_id],
  )
  const page = await admin('GET', '/admin/clients?limit=1')
  t.truthy(page.body.next_cursor)
  const path = `/admin/clients/${encodeURIComponent('a/b:c')}`
  t.is((await admin('DELETE', path)).status, 204)
  t.is((await admin('GET', path)).status, 404)
  t.is((await admin('DELETE', path)).status, 404)
})

test('the client of /auth/login cannot be deleted', async (t) => {
  const { admin } = await administrator(t)
  const answer = await admin('DELETE', '/admin/clients/first-party')
  t.like(answer, { status: 409, body: { code: 'protected_client' } })
})
