import test from 'ava'
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import * as oidc from 'openid-client'
import { keysOf } from '#compose/keys.ts'
import { createBrowser, relyingParty, signIn } from '../support/relying-party.ts'
import { start, type Fixture } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { portOf, until } from './instances.ts'
import { offline, signedIn } from './journeys.ts'

const keys = ({ config, storage }: Fixture, aheadMs = 0) =>
  keysOf({
    config,
    storage,
    secrets: [config.SECRET_KEY!],
    now: () => Date.now() + aheadMs,
  })

const publishedBy = async (fixture: Fixture): Promise<string[]> => {
  const response = await fetch(`${portOf(fixture)}/oauth/jwks`)
  const { keys } = (await response.json()) as { keys: { kid: string }[] }
  return keys.map(({ kid }) => kid)
}

const verify = (fixture: Fixture, token: string) =>
  jwtVerify(token, createRemoteJWKSet(new URL(`${portOf(fixture)}/oauth/jwks`)), {
    issuer: fixture.issuer,
  })

const minute = 60_000

onStorages(
  'two instances take a rotation up without restart, and no token is ever without its key',
  async (t, begin) => {
    const env = { KEY_POLL_SECONDS: '1' }
    const fixture = await begin({ env })
    const beside = await start(t, { beside: fixture, env })
    const journey = await signedIn(fixture, {
      client: { default_resource: fixture.config.API_RESOURCE },
      request: { ...offline, scope: 'openid offline_access account:read' },
    })
    const before = await publishedBy(beside)
    const old = [journey.tokens.id_token!, journey.tokens.access_token]

    await keys(fixture).rotate({ force: true })
    await until(async () => {
      const [a, b] = await Promise.all([publishedBy(fixture), publishedBy(beside)])
      return a.length === 6 && b.length === 6
    })
    for (const token of old) await t.notThrowsAsync(verify(beside, token))

    const next = await oidc.refreshTokenGrant(journey.party.config, journey.tokens.refresh_token!)
    for (const token of [next.id_token!, next.access_token]) {
      const { kid, alg } = decodeProtectedHeader(token)
      t.true(before.includes(kid!), 'the key was published before it signed')
      t.true(old.every((one) => decodeProtectedHeader(one).kid !== kid))
      t.is(alg, token === next.id_token ? 'RS256' : 'ES256')
      await t.notThrowsAsync(verify(beside, token))
    }
  },
)

test('an authorization that began before a rotation ends after it', async (t) => {
  const fixture = await start(t)
  const person = await fixture.addUser()
  const party = await relyingParty(fixture, await fixture.addClient())
  const pending = await party.begin()
  const login = await createBrowser(fixture.issuer).open(pending.url.href)
  const rotate = async (): Promise<void> => {
    await keys(fixture).rotate({ force: true })
    t.true(await fixture.server.app.engine.refresh())
  }

  await rotate()
  const consent = await signIn(login, person)
  await rotate()
  const { left } = await consent.submit('/consent')
  await rotate()
  const tokens = await pending.redeem(left!)
  t.is(tokens.claims()?.sub, person.id)
  await rotate()
  t.truthy(await oidc.fetchUserInfo(party.config, tokens.access_token, person.id))
})

test('without a rotation there is nothing to take up', async (t) => {
  const fixture = await start(t)
  const before = fixture.server.app.engine.provider
  t.false(await fixture.server.app.engine.refresh())
  t.is(fixture.server.app.engine.provider, before)
})

onStorages(
  'a rotation is refused while caches may lack the next key, and goes once they cannot',
  async (t, begin) => {
    const fixture = await begin({
      env: { JWKS_MAX_AGE_SECONDS: '600', KEY_POLL_SECONDS: '15' },
    })
    const before = await keys(fixture).list()
    await t.throwsAsync(keys(fixture, 10 * minute).rotate(), { message: 'keys_too_young' })
    t.deepEqual(await keys(fixture).list(), before)

    await keys(fixture, 11 * minute).rotate()
    const states = (await keys(fixture).list()).map(({ alg, state }) => `${alg} ${state}`)
    t.deepEqual(states.toSorted(), [
      'ES256 current',
      'ES256 next',
      'ES256 previous',
      'RS256 current',
      'RS256 next',
      'RS256 previous',
    ])
    await t.throwsAsync(keys(fixture, 12 * minute).rotate(), { message: 'keys_too_young' })
  },
)

onStorages('of several rotations at once one goes and the others say so', async (t, begin) => {
  const fixture = await begin()
  const results = await Promise.allSettled(
    Array.from({ length: 4 }, () => keys(fixture, 60 * minute).rotate({ force: true })),
  )
  const refused = results.filter((result) => result.status === 'rejected')
  for (const { reason } of refused) t.is((reason as Error).message, 'keys_changed')
  const list = await keys(fixture).list()
  for (const state of ['next', 'current'])
    t.is(list.filter((key) => key.state === state).length, 2, state)
})

test('a previous key stays published until nothing that it signed can be valid, then it goes', async (t) => {
  const fixture = await start(t)
  const first = (await keys(fixture).list()).filter(({ state }) => state === 'current')
  const { SESSION_EXPIRE_SECONDS } = fixture.config
  await keys(fixture, 60 * minute).rotate()
  const isThere = async () => {
    const ids = (await keys(fixture).list()).map(({ id }) => id)
    return first.every(({ id }) => ids.includes(id))
  }
  await keys(fixture, 120 * minute).rotate()
  t.true(await isThere())
  await keys(fixture, 61 * minute + SESSION_EXPIRE_SECONDS * 1000 + 24 * 60 * minute).rotate()
  t.false(await isThere())
})
