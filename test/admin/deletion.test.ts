import test from 'ava'
import { decodeJwt } from 'jose'
import * as oidc from 'openid-client'
import { addResource, introspect, machine, offline, refusal } from '../flow/journeys.ts'
import { apiOf } from '../support/api.ts'
import { authorize, createBrowser, relyingParty } from '../support/relying-party.ts'
import { start, type Fixture } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { administrator } from './administrator.ts'

const notes = 'https://notes.example/api'

/** What a resource server hears of a token: by introspection, and from `/auth/verify`. */
async function judge(fixture: Fixture) {
  const served = { introspection_resources: [notes, fixture.config.API_RESOURCE] }
  const server = await fixture.addClient({ ...machine, ...served })
  const authorization = `Basic ${Buffer.from(`${server.id}:${server.secret}`).toString('base64')}`
  return async (token: string): Promise<boolean[]> => {
    const verdict = await apiOf(fixture).call('POST', '/auth/verify', {
      body: { token },
      headers: { authorization },
    })
    const { active } = await introspect(fixture, server, token)
    return [active === true, verdict.body.valid === true]
  }
}

onStorages(
  'a deleted client leaves nothing that is good, nor when its id is taken again',
  async (t, begin) => {
    let ahead = 0
    const fixture = await administrator(t, { now: () => Date.now() + ahead }, begin)
    await addResource(fixture, notes)
    const isGood = await judge(fixture)
    const both = {
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      allowed_cors_origins: [],
    }
    const client = await fixture.addClient(both)
    const kept = await fixture.storage.clients.find(client.id)
    const bystander = await fixture.addClient(machine)
    const party = await relyingParty(fixture, client)
    const machineJwt = (await oidc.clientCredentialsGrant(party.config, { resource: notes }))
      .access_token
    const machineOpaque = (await oidc.clientCredentialsGrant(party.config)).access_token
    const other = await relyingParty(fixture, bystander)
    const others = (await oidc.clientCredentialsGrant(other.config, { resource: notes }))
      .access_token

    const person = await fixture.addUser()
    const browser = createBrowser(fixture.issuer)
    const request = { ...offline, scope: 'openid offline_access read', resource: notes }
    const first = await party.begin(request)
    const tokens = await first.redeem(await authorize(browser, first.url, person), {
      resource: notes,
    })
    const second = await party.begin({ ...request, prompt: 'none' })
    const { left } = await browser.open(second.url.href)
    t.true(left!.searchParams.has('code'))
    for (const token of [machineJwt, others, tokens.access_token])
      t.deepEqual(await isGood(token), [true, true])

    t.is((await fixture.admin('DELETE', `/admin/clients/${client.id}`)).status, 204)
    for (const token of [machineJwt, tokens.access_token])
      t.deepEqual(await isGood(token), [false, false])
    t.deepEqual(await isGood(others), [true, true])
    const { artifacts } = fixture.storage
    t.deepEqual(await artifacts.listByAccount('Grant', person.id), [])
    t.deepEqual(await artifacts.listByAccount('RefreshToken', person.id), [])
    t.deepEqual(await artifacts.listByAccount('AuthorizationCode', person.id), [])

    // A second of the clock, so that the client is younger than the tokens.
    ahead = 1000
    await fixture.storage.clients.put(kept!)
    for (const token of [machineJwt, tokens.access_token])
      t.deepEqual(await isGood(token), [false, false])
    t.deepEqual(await introspect(fixture, client, machineOpaque), { active: false })
    t.deepEqual(await introspect(fixture, client, tokens.refresh_token!), { active: false })
    t.is(
      await refusal(oidc.refreshTokenGrant(party.config, tokens.refresh_token!)),
      'invalid_grant',
    )
    t.is(await refusal(second.redeem(left!)), 'invalid_grant')
    const again = await party.begin({ ...request, prompt: 'none' })
    const asked = await browser.open(again.url.href)
    t.is(asked.left?.searchParams.get('error'), 'consent_required')
  },
)

onStorages('a deleted client’s token for our own API is refused by it', async (t, begin) => {
  const fixture = await begin()
  const client = await fixture.addClient({ ...machine, scope: 'admin:audit' })
  const { config } = await relyingParty(fixture, client)
  const resource = fixture.config.API_RESOURCE
  const { access_token: token } = await oidc.clientCredentialsGrant(config, {
    resource,
    scope: 'admin:audit',
  })
  const { call } = apiOf(fixture)
  t.is((await call('GET', '/admin/audit', { token })).status, 200)
  await fixture.storage.clients.remove(client.id)
  t.is((await call('GET', '/admin/audit', { token })).status, 401)
})

test('the tokens of a deleted resource are no longer good, and it gives no new ones', async (t) => {
  const fixture = await administrator(t)
  await addResource(fixture, notes)
  const isGood = await judge(fixture)
  const client = await fixture.addClient({ default_resource: notes })
  const party = await relyingParty(fixture, client)
  const pending = await party.begin({ ...offline, scope: 'openid offline_access read' })
  const person = await fixture.addUser()
  const left = await authorize(createBrowser(fixture.issuer), pending.url, person)
  const tokens = await pending.redeem(left)
  t.is(decodeJwt(tokens.access_token).aud, notes)
  t.deepEqual(await isGood(tokens.access_token), [true, true])

  const path = `/admin/resources/${encodeURIComponent(notes)}`
  t.is((await fixture.admin('DELETE', path)).status, 204)
  t.deepEqual(await isGood(tokens.access_token), [false, false])
  const refreshed = oidc.refreshTokenGrant(party.config, tokens.refresh_token!)
  t.is(await refusal(refreshed), 'invalid_target')
})

test('the built-in client cannot be deleted, and its sign-ins stay', async (t) => {
  const fixture = await administrator(t)
  t.is((await fixture.admin('DELETE', '/admin/clients/first-party')).status, 409)
  t.is((await fixture.admin('GET', '/users/me')).status, 200)
  const plain = await start(t, { beside: fixture })
  t.truthy(await plain.storage.clients.find('first-party'))
})
