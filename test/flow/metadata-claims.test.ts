import test from 'ava'
import { decodeJwt } from 'jose'
import * as oidc from 'openid-client'
import { administrator } from '../admin/administrator.ts'
import { apiOf } from '../support/api.ts'
import { authorize, createBrowser, relyingParty } from '../support/relying-party.ts'
import { start, type Fixture, type Person } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { machine, offline } from './journeys.ts'

const shop = 'https://shop.example/api'
const metadataClaims = {
  is_premium: 'private.is_premium',
  points: 'private.points',
  tier: 'public.tier',
}
const metadata = { public: { tier: 'gold' }, private: { is_premium: true, points: 7, note: 'x' } }
const expected = { is_premium: true, points: 7, tier: 'gold' }

async function begin(fixture: Fixture): Promise<Person> {
  const scopes = [{ name: 'buy', description: { en: 'Buy' } }]
  await fixture.storage.resources.put({
    identifier: shop,
    name: { en: 'Shop' },
    scopes,
    metadataClaims,
  })
  const person = await fixture.addUser()
  await fixture.storage.users.update(person.id, { metadata })
  return person
}

async function tokensOf(
  fixture: Fixture,
  { person, client, scope }: { person: Person; client: object; scope: string },
) {
  const party = await relyingParty(fixture, await fixture.addClient({ ...client }))
  const pending = await party.begin({ ...offline, scope })
  const left = await authorize(createBrowser(fixture.issuer), pending.url, person)
  return { party, tokens: await pending.redeem(left) }
}

onStorages('a resource’s tokens carry the claims that it chose', async (t, beginWith) => {
  const fixture = await beginWith()
  const person = await begin(fixture)
  const { party, tokens } = await tokensOf(fixture, {
    person,
    client: { default_resource: shop },
    scope: 'openid offline_access buy',
  })
  t.like(decodeJwt(tokens.access_token), { ...expected, sub: person.id, aud: shop })
  t.false('note' in decodeJwt(tokens.access_token))

  await fixture.storage.users.update(person.id, { metadata: { private: { points: 8 } } })
  const next = await oidc.refreshTokenGrant(party.config, tokens.refresh_token!)
  const claims = decodeJwt(next.access_token)
  t.like(claims, { points: 8, tier: 'gold' })
  t.false('is_premium' in claims)
  t.is(typeof claims['grant_id'], 'string')
})

test('a first-party sign-in for the resource carries them, for our own API it does not', async (t) => {
  const fixture = await start(t)
  const person = await begin(fixture)
  const { call } = apiOf(fixture)
  const login = async (more: object) =>
    decodeJwt(
      (await call('POST', '/auth/login', { body: { ...person, id: undefined, ...more } })).body
        .access_token,
    )
  t.like(await login({ resource: shop }), expected)
  t.false('points' in (await login({})))
})

test('a token of a client for itself carries none', async (t) => {
  const fixture = await start(t)
  await begin(fixture)
  const { config } = await relyingParty(fixture, await fixture.addClient(machine))
  const tokens = await oidc.clientCredentialsGrant(config, { resource: shop })
  t.false('tier' in decodeJwt(tokens.access_token))
})

onStorages(
  'a client’s claims are in userinfo and the ID token, under profile only',
  async (t, beginWith) => {
    const fixture = await beginWith()
    const person = await begin(fixture)
    const userinfo = async (scope: string, client: object) => {
      const { party, tokens } = await tokensOf(fixture, { person, client, scope })
      return oidc.fetchUserInfo(party.config, tokens.access_token, person.id)
    }
    const client = { metadata_claims: metadataClaims }
    t.like(await userinfo('openid profile', client), { ...expected, sub: person.id })
    t.deepEqual({ ...(await userinfo('openid', client)) }, { sub: person.id })
    t.false('points' in (await userinfo('openid profile', {})))

    // Userinfo takes no token that is for a resource, so the ID token has the profile then.
    const { tokens } = await tokensOf(fixture, {
      person,
      client: { ...client, default_resource: fixture.config.API_RESOURCE },
      scope: 'openid profile account:read',
    })
    t.like(tokens.claims(), { ...expected, sub: person.id })
  },
)

test('the admin API takes a choice, shows it, and refuses claims that mean something', async (t) => {
  const { admin } = await administrator(t)
  const resource = { identifier: shop, name: { en: 'Shop' } }
  const client = { redirect_uris: [], response_types: [], grant_types: ['client_credentials'] }
  for (const name of ['sub', 'scope', 'roles', 'email', 'cnf']) {
    const body = { metadata_claims: { [name]: 'public.x' } }
    t.is((await admin('POST', '/admin/resources', { ...resource, ...body })).status, 422, name)
    t.is((await admin('POST', '/admin/clients', { ...client, ...body })).status, 422, name)
  }
  const good = { metadata_claims: metadataClaims }
  t.like((await admin('POST', '/admin/resources', { ...resource, ...good })).body, good)
  const path = `/admin/resources/${encodeURIComponent(shop)}`
  t.like((await admin('GET', path)).body, good)
  t.deepEqual((await admin('PUT', path, { name: { en: 'Shop' } })).body.metadata_claims, {})
  const made = (await admin('POST', '/admin/clients', { ...client, ...good })).body
  t.like(made, good)
})

test('GET /users/me shows is_premium and points out of the private metadata', async (t) => {
  const fixture = await start(t)
  const person = await begin(fixture)
  const { login, call } = apiOf(fixture)
  const { access_token: token } = await login(person)
  t.like((await call('GET', '/users/me', { token })).body, { is_premium: true, points: 7 })
  const own = { metadata: { public: { is_premium: false, points: 1000 } } }
  t.like((await call('PATCH', '/users/me', { token, body: own })).body, {
    is_premium: true,
    points: 7,
  })
})
