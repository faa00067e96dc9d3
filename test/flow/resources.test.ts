import test from 'ava'
import { decodeJwt } from 'jose'
import * as oidc from 'openid-client'
import { authorize, createBrowser, relyingParty } from '../support/relying-party.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { addResource, offline, refusal, signedIn } from './journeys.ts'

const notes = 'https://notes.example/api'
const files = 'https://files.example/api'

onStorages(
  'a client with a default resource gets a JWT for it, at the code and at every refresh',
  async (t, begin) => {
    const fixture = await begin()
    await addResource(fixture, notes)
    const { party, tokens } = await signedIn(fixture, {
      client: { default_resource: notes },
      request: { ...offline, scope: 'openid offline_access read' },
    })
    t.like(decodeJwt(tokens.access_token), { aud: notes, scope: 'read' })

    const next = await oidc.refreshTokenGrant(party.config, tokens.refresh_token!)
    t.like(decodeJwt(next.access_token), { aud: notes, scope: 'read' })
    t.is(decodeJwt(next.access_token)['grant_id'], decodeJwt(tokens.access_token)['grant_id'])
  },
)

onStorages(
  'another client gets a userinfo token first and a JWT when it says resource again',
  async (t, begin) => {
    const fixture = await begin()
    await addResource(fixture, notes)
    const { party, person, tokens } = await signedIn(fixture, {
      request: { ...offline, scope: 'openid email offline_access read', resource: notes },
    })
    t.regex(tokens.access_token, /^[\w-]{43}$/)
    const userinfo = await oidc.fetchUserInfo(party.config, tokens.access_token, person.id)
    t.is(userinfo.email, person.email)

    const next = await oidc.refreshTokenGrant(party.config, tokens.refresh_token!, {
      resource: notes,
    })
    t.like(decodeJwt(next.access_token), { aud: notes, scope: 'read', sub: person.id })
  },
)

onStorages(
  'of two resources each gets a token with its own scopes and its own life',
  async (t, begin) => {
    const fixture = await begin()
    await addResource(fixture, notes, 60)
    await addResource(fixture, files)
    const person = await fixture.addUser()
    const party = await relyingParty(fixture, await fixture.addClient())
    const pending = await party.begin({
      scope: 'openid offline_access read write',
      prompt: 'consent',
    })
    pending.url.searchParams.append('resource', notes)
    pending.url.searchParams.append('resource', files)
    const left = await authorize(createBrowser(fixture.issuer), pending.url, person)

    const first = await pending.redeem(left, { resource: notes, scope: 'read' })
    t.like(decodeJwt(first.access_token), { aud: notes })
    t.is(first.expires_in, 60)
    const second = await oidc.refreshTokenGrant(party.config, first.refresh_token!, {
      resource: files,
      scope: 'write',
    })
    t.like(decodeJwt(second.access_token), { aud: files, scope: 'write' })
    t.is(second.expires_in, 30 * 60)
  },
)

test('a JWT says when and how its person signed in, and says the same after a refresh', async (t) => {
  const fixture = await start(t)
  await addResource(fixture, notes)
  const before = Math.floor(Date.now() / 1000)
  const { party, tokens } = await signedIn(fixture, {
    request: { ...offline, resource: notes },
    redeem: { resource: notes },
  })
  const said = decodeJwt(tokens.access_token)
  t.like(said, { acr: 'urn:yumen:acr:1', amr: ['pwd'] })
  t.true(Number(said['auth_time']) >= before && Number(said['auth_time']) <= said.iat!)
  const again = await oidc.refreshTokenGrant(party.config, tokens.refresh_token!, {
    resource: notes,
  })
  const { auth_time, acr, amr } = decodeJwt(again.access_token)
  t.deepEqual([auth_time, acr, amr], [said['auth_time'], said['acr'], said['amr']])
})

test('a token for two resources at once is refused with invalid_target', async (t) => {
  const fixture = await start(t)
  await addResource(fixture, notes)
  await addResource(fixture, files)
  const person = await fixture.addUser()
  const party = await relyingParty(fixture, await fixture.addClient())
  const pending = await party.begin({ scope: 'read' })
  pending.url.searchParams.delete('nonce')
  pending.url.searchParams.append('resource', notes)
  pending.url.searchParams.append('resource', files)
  const left = await authorize(createBrowser(fixture.issuer), pending.url, person)
  t.is(
    await refusal(
      oidc.authorizationCodeGrant(party.config, left, {
        pkceCodeVerifier: pending.verifier,
        expectedState: pending.state,
      }),
    ),
    'invalid_target',
  )
})

test('a resource that was not part of the authorization is refused at the token endpoint', async (t) => {
  const fixture = await start(t)
  await addResource(fixture, notes)
  await addResource(fixture, files)
  const { party, tokens } = await signedIn(fixture, { request: { ...offline, resource: notes } })
  const asked = oidc.refreshTokenGrant(party.config, tokens.refresh_token!, { resource: files })
  t.is(await refusal(asked), 'invalid_target')
})

test('an unknown resource at the authorize endpoint goes back to the client as invalid_target', async (t) => {
  const fixture = await start(t)
  const party = await relyingParty(fixture, await fixture.addClient())
  const pending = await party.begin({ resource: 'https://nobody.example/' })
  const { left } = await createBrowser(fixture.issuer).open(pending.url.href)
  t.is(left?.searchParams.get('error'), 'invalid_target')
  t.is(left?.searchParams.get('state'), pending.state)
  t.is(left?.searchParams.get('iss'), fixture.issuer)
})

test('the consent page shows what a resource’s scopes mean, sensitive ones first', async (t) => {
  const fixture = await start(t)
  const person = await fixture.addUser()
  const party = await relyingParty(fixture, await fixture.addClient())
  const pending = await party.begin({
    scope: 'openid account:read account:write',
    resource: fixture.config.API_RESOURCE,
  })
  const login = await createBrowser(fixture.issuer).open(pending.url.href)
  const consent = await login.submit('/login', {
    identifier: person.email,
    password: person.password,
  })
  t.regex(consent.text, /Change your profile and settings.*Read your profile and settings/)
})
