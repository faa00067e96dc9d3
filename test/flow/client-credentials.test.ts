import test from 'ava'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { setTimeout as sleep } from 'node:timers/promises'
import * as oidc from 'openid-client'
import { relyingParty } from '../support/relying-party.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { addResource, introspect, machine, refusal } from './journeys.ts'

onStorages(
  'a client gets an opaque token for itself, which introspection knows',
  async (t, begin) => {
    const fixture = await begin()
    const client = await fixture.addClient(machine)
    const { config } = await relyingParty(fixture, client)
    const { access_token, token_type, expires_in, refresh_token } =
      await oidc.clientCredentialsGrant(config)

    t.regex(access_token, /^[\w-]{43}$/)
    t.is(token_type, 'bearer')
    t.is(expires_in, 30 * 60)
    t.is(refresh_token, undefined)
    const answer = await introspect(fixture, client, access_token)
    t.like(answer, { active: true, client_id: client.id, token_type: 'Bearer' })
    t.false('sub' in answer)
  },
)

onStorages(
  'a client that names a resource gets a JWT with the scopes that the resource has',
  async (t, begin) => {
    const fixture = await begin()
    const resource = await addResource(fixture, 'https://notes.example/api', 120)
    const client = await fixture.addClient(machine)
    const { config } = await relyingParty(fixture, client)
    const tokens = await oidc.clientCredentialsGrant(config, { resource, scope: 'read fly' })

    t.is(tokens.scope, 'read')
    t.is(tokens.expires_in, 120)
    const jwks = createRemoteJWKSet(new URL(`${fixture.issuer}/oauth/jwks`))
    const { payload } = await jwtVerify(tokens.access_token, jwks, {
      issuer: fixture.issuer,
      audience: resource,
      typ: 'at+jwt',
    })
    t.like(payload, { sub: client.id, client_id: client.id, scope: 'read' })
    t.is(payload.exp! - payload.iat!, 120)
    t.false('grant_id' in payload)
    t.like(await introspect(fixture, client, tokens.access_token), { active: true, aud: resource })
  },
)

test('a client with a default resource gets a JWT for it without naming it', async (t) => {
  const fixture = await start(t)
  const resource = await addResource(fixture, 'https://notes.example/api')
  const client = await fixture.addClient({ ...machine, default_resource: resource })
  const { config } = await relyingParty(fixture, client)
  const { access_token } = await oidc.clientCredentialsGrant(config, { scope: 'write' })
  t.like(decodeJwt(access_token), { aud: resource, scope: 'write' })
})

test('a JWT that has ended is inactive, and revoking it is no error', async (t) => {
  const fixture = await start(t)
  const resource = await addResource(fixture, 'https://notes.example/api', 1)
  const client = await fixture.addClient(machine)
  const { config } = await relyingParty(fixture, client)
  const { access_token } = await oidc.clientCredentialsGrant(config, { resource })
  // Its end is judged by oidc-provider and jose, which read Date.now.
  await sleep(2100)
  t.deepEqual(await introspect(fixture, client, access_token), { active: false })
  await t.notThrowsAsync(oidc.tokenRevocation(config, access_token))
})

test('a client gets the restricted scopes that it is registered for, and no others', async (t) => {
  const fixture = await start(t)
  const resource = 'https://bank.example/api'
  const restricted = { restricted: true, description: { en: 'x' } }
  await fixture.storage.resources.put({
    identifier: resource,
    name: { en: 'Bank' },
    scopes: [
      { name: 'see', description: { en: 'x' } },
      { name: 'pay', ...restricted },
      { name: 'close', ...restricted },
    ],
  })
  const scopeFor = async (scope: string | undefined, more = {}): Promise<string | undefined> => {
    const client = await fixture.addClient({ ...machine, ...more, ...(scope && { scope }) })
    const { config } = await relyingParty(fixture, client)
    return (await oidc.clientCredentialsGrant(config, { resource, scope: 'see pay close' })).scope
  }
  t.is(await scopeFor('pay'), 'see pay')
  t.is(await scopeFor('pay close'), 'see pay close')
  t.is(await scopeFor('see'), 'see')
  for (const scope of ['see', undefined])
    t.is(await scopeFor(scope, { resource_scopes: ['pay'] }), 'see')
})

test('a client that may not use client_credentials is refused', async (t) => {
  const fixture = await start(t)
  const { config } = await relyingParty(fixture, await fixture.addClient())
  // RFC 6749 §5.2 has unauthorized_client for it; the engine says invalid_request.
  t.is(await refusal(oidc.clientCredentialsGrant(config)), 'invalid_request')
})

test('a resource that no one knows is refused with invalid_target', async (t) => {
  const fixture = await start(t)
  const { config } = await relyingParty(fixture, await fixture.addClient(machine))
  for (const resource of ['https://nobody.example/', 'not a uri', 'https://nobody.example/#x']) {
    t.is(await refusal(oidc.clientCredentialsGrant(config, { resource })), 'invalid_target')
  }
})
