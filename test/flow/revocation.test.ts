import test from 'ava'
import * as oidc from 'openid-client'
import { relyingParty } from '../support/relying-party.ts'
import { start } from '../support/start.ts'
import { onEveryStorage } from '../support/storages.ts'
import { addResource, introspect, machine, offline, post, refusal, signedIn } from './journeys.ts'

const notes = 'https://notes.example/api'
const inactive = { active: false }

onEveryStorage('a revoked opaque access token is inactive at once', async (t, begin) => {
  const fixture = await begin()
  const client = await fixture.addClient(machine)
  const { config } = await relyingParty(fixture, client)
  const { access_token } = await oidc.clientCredentialsGrant(config)
  await oidc.tokenRevocation(config, access_token)
  t.deepEqual(await introspect(fixture, client, access_token), inactive)
})

onEveryStorage(
  'a revoked refresh token takes its whole grant along, JWT access tokens too',
  async (t, begin) => {
    const fixture = await begin()
    await addResource(fixture, notes)
    const { client, party, tokens } = await signedIn(fixture, {
      client: { default_resource: notes },
      request: { ...offline, scope: 'openid offline_access read' },
    })
    t.like(await introspect(fixture, client, tokens.access_token), { active: true })
    await oidc.tokenRevocation(party.config, tokens.refresh_token!, {
      token_type_hint: 'refresh_token',
    })

    t.deepEqual(await introspect(fixture, client, tokens.refresh_token!), inactive)
    t.deepEqual(await introspect(fixture, client, tokens.access_token), inactive)
    t.is(
      await refusal(oidc.refreshTokenGrant(party.config, tokens.refresh_token!)),
      'invalid_grant',
    )
  },
)

onEveryStorage(
  'a revoked JWT access token is inactive, and no other token is',
  async (t, begin) => {
    const fixture = await begin()
    await addResource(fixture, notes)
    const { client, party, tokens } = await signedIn(fixture, {
      client: { default_resource: notes },
      request: { ...offline, scope: 'openid offline_access read' },
    })
    const next = await oidc.refreshTokenGrant(party.config, tokens.refresh_token!)
    await oidc.tokenRevocation(party.config, tokens.access_token)

    t.deepEqual(await introspect(fixture, client, tokens.access_token), inactive)
    t.like(await introspect(fixture, client, next.access_token), { active: true })
    t.like(await introspect(fixture, client, next.refresh_token!), { active: true })
  },
)

onEveryStorage('a revoked userinfo token opens userinfo no more', async (t, begin) => {
  const fixture = await begin()
  const { party, person, tokens } = await signedIn(fixture)
  t.is((await oidc.fetchUserInfo(party.config, tokens.access_token, person.id)).sub, person.id)
  await oidc.tokenRevocation(party.config, tokens.access_token)
  const response = await fetch(`${fixture.issuer}/oauth/userinfo`, {
    headers: { authorization: `Bearer ${tokens.access_token}` },
  })
  t.is(response.status, 401)
  t.regex(response.headers.get('www-authenticate') ?? '', /invalid_token/)
})

test('revoking what is unknown or another client’s is 200, and the other’s token lives on', async (t) => {
  const fixture = await start(t)
  const { client, tokens } = await signedIn(fixture, {
    client: { default_resource: fixture.config.API_RESOURCE },
    request: { ...offline, scope: 'openid offline_access account:read' },
  })
  const stranger = await fixture.addClient(machine)
  const forged = `${tokens.access_token.slice(0, -4)}AAAA`
  for (const token of ['unknown', forged, tokens.access_token, tokens.refresh_token!]) {
    const response = await post(`${fixture.issuer}/oauth/revoke`, stranger, { token })
    t.is(response.status, 200)
    t.is(await response.text(), '')
  }
  t.like(await introspect(fixture, client, tokens.access_token), { active: true })
  t.like(await introspect(fixture, client, tokens.refresh_token!), { active: true })
})

test('revocation without a token is 400 invalid_request, without credentials refused', async (t) => {
  const fixture = await start(t)
  const client = await fixture.addClient(machine)
  const empty = await post(`${fixture.issuer}/oauth/revoke`, client, {})
  t.is(empty.status, 400)
  t.like(await empty.json(), { error: 'invalid_request' })
  const wrong = await post(
    `${fixture.issuer}/oauth/revoke`,
    { ...client, secret: 'wrong' },
    { token: 'x' },
  )
  t.is(wrong.status, 401)
  t.like(await wrong.json(), { error: 'invalid_client' })
})

test('a public client revokes its own tokens', async (t) => {
  const fixture = await start(t)
  const { party, tokens } = await signedIn(fixture, {
    client: { token_endpoint_auth_method: 'none' },
    request: offline,
  })
  await oidc.tokenRevocation(party.config, tokens.refresh_token!)
  t.is(await refusal(oidc.refreshTokenGrant(party.config, tokens.refresh_token!)), 'invalid_grant')
})
