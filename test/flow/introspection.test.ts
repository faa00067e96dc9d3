import test from 'ava'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import * as oidc from 'openid-client'
import { relyingParty } from '../support/relying-party.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { addResource, introspect, machine, offline, send, signedIn } from './journeys.ts'

const notes = 'https://notes.example/api'
const introspectionJwt = 'application/token-introspection+jwt'

onStorages('the owner of an opaque, a refresh and a JWT token sees them', async (t, begin) => {
  const fixture = await begin()
  await addResource(fixture, notes)
  const { client, party, person, tokens } = await signedIn(fixture, {
    request: { ...offline, scope: 'openid offline_access read', resource: notes },
  })
  const common = { active: true, client_id: client.id, sub: person.id, iss: fixture.issuer }

  const opaque = await introspect(fixture, client, tokens.access_token)
  t.like(opaque, { ...common, token_type: 'Bearer' })
  const refresh = await introspect(fixture, client, tokens.refresh_token!)
  t.like(refresh, { ...common, token_type: undefined })

  const next = await oidc.refreshTokenGrant(party.config, tokens.refresh_token!, {
    resource: notes,
  })
  const jwt = await introspect(fixture, client, next.access_token)
  t.like(jwt, { ...common, aud: notes, scope: 'read', token_type: 'Bearer' })
  t.is(jwt['jti'], decodeJwt(next.access_token).jti)
  t.false('grant_id' in jwt)
})

onStorages(
  'a resource server sees the tokens for its resource, and a stranger sees none',
  async (t, begin) => {
    const fixture = await begin()
    await addResource(fixture, notes)
    const server = await fixture.addClient({ ...machine, introspection_resources: [notes] })
    const otherServer = await fixture.addClient({
      ...machine,
      introspection_resources: ['https://files.example/'],
    })
    const stranger = await fixture.addClient(machine)
    const { tokens } = await signedIn(fixture, {
      client: { default_resource: notes },
      request: { ...offline, scope: 'openid offline_access read' },
    })

    const answer = await introspect(fixture, server, tokens.access_token)
    t.like(answer, { active: true, aud: notes, scope: 'read' })
    for (const client of [otherServer, stranger]) {
      t.deepEqual(await introspect(fixture, client, tokens.access_token), { active: false })
      t.deepEqual(await introspect(fixture, client, tokens.refresh_token!), { active: false })
    }
    t.deepEqual(await introspect(fixture, server, tokens.refresh_token!), { active: false })
  },
)

test('an opaque token of another client is inactive for a stranger', async (t) => {
  const fixture = await start(t)
  const { tokens } = await signedIn(fixture)
  const stranger = await fixture.addClient(machine)
  t.deepEqual(await introspect(fixture, stranger, tokens.access_token), { active: false })
})

test('what is no token, or is signed by someone else, is inactive', async (t) => {
  const fixture = await start(t)
  const other = await start(t)
  const { client } = await signedIn(fixture)
  const abroad = await signedIn(other, {
    client: { default_resource: other.config.API_RESOURCE },
    request: { scope: 'openid account:read' },
  })
  const [head, , signature] = abroad.tokens.access_token.split('.')
  const forged = `${head}.${Buffer.from('{"iss":"x"}').toString('base64url')}.${signature}`
  for (const token of ['x', 'a.b.c', abroad.tokens.access_token, forged]) {
    t.deepEqual(await introspect(fixture, client, token), { active: false }, token)
  }
})

test('an ID token is not an access token: introspection calls it inactive', async (t) => {
  const fixture = await start(t)
  const { client, tokens } = await signedIn(fixture)
  t.deepEqual(await introspect(fixture, client, tokens.id_token!), { active: false })
})

test('a public client cannot introspect, not even its own tokens', async (t) => {
  const fixture = await start(t)
  const { client, tokens } = await signedIn(fixture, {
    client: { token_endpoint_auth_method: 'none' },
  })
  const response = await fetch(`${fixture.issuer}/oauth/introspect`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: client.id, token: tokens.access_token }),
  })
  const answer = (await response.json()) as Record<string, unknown>
  t.not(answer['active'], true)
})

test('introspection without a client is refused', async (t) => {
  const fixture = await start(t)
  const response = await fetch(`${fixture.issuer}/oauth/introspect`, {
    method: 'POST',
    body: new URLSearchParams({ token: 'x' }),
  })
  t.is(response.status, 400)
  t.like(await response.json(), { error: 'invalid_request' })
})

onStorages(
  'a client that registered a signature gets the answer as a signed JWT (RFC 9701)',
  async (t, begin) => {
    const fixture = await begin()
    await addResource(fixture, notes)
    const server = await fixture.addClient({
      ...machine,
      introspection_resources: [notes],
      introspection_signed_response_alg: 'ES256',
    })
    const { config } = await relyingParty(fixture, server)
    const own = await oidc.clientCredentialsGrant(config)
    const { tokens } = await signedIn(fixture, {
      client: { default_resource: notes },
      request: { scope: 'openid read' },
    })

    const jwks = createRemoteJWKSet(new URL(`${fixture.issuer}/oauth/jwks`))
    for (const [token, active] of [
      [tokens.access_token, true],
      [own.access_token, true],
      ['unknown', false],
      [`${tokens.access_token.slice(0, -4)}AAAA`, false],
    ] as const) {
      const response = await send(`${fixture.issuer}/oauth/introspect`, server, {
        body: { token },
        headers: { accept: introspectionJwt },
      })
      t.is(response.status, 200)
      t.regex(response.headers.get('content-type') ?? '', /^application\/token-introspection\+jwt/)
      const { payload, protectedHeader } = await jwtVerify(await response.text(), jwks, {
        issuer: fixture.issuer,
        typ: 'token-introspection+jwt',
      })
      t.is(protectedHeader.alg, 'ES256')
      t.is((payload['token_introspection'] as { active: boolean }).active, active)
      t.is(payload.aud, server.id, `the answer is for who asked (${String(active)})`)
    }
    t.like(await introspect(fixture, server, tokens.access_token), { active: true })
  },
)
