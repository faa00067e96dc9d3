import test from 'ava'
import { decodeProtectedHeader } from 'jose'
import * as oidc from 'openid-client'
import type { Keys } from '#oidc/keys.ts'
import { start, type Fixture } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { portOf, until } from './instances.ts'
import { introspect, offline, signedIn } from './journeys.ts'

const kidOf = (token: string): string => decodeProtectedHeader(token).kid!

const isPublished = async (fixture: Fixture, kid: string): Promise<boolean> =>
  (await (await fetch(`${portOf(fixture)}/oauth/jwks`)).text()).includes(kid)

const statusAt = async (fixture: Fixture, token: string): Promise<number> => {
  const headers = { authorization: `Bearer ${token}` }
  return (await fetch(`${portOf(fixture)}/users/me`, { headers })).status
}

onStorages(
  'a revoked key leaves the key set of every instance, its tokens are invalid, and people stay signed in',
  async (t, begin) => {
    const env = { KEY_POLL_SECONDS: '1' }
    const fixture = await begin({ env })
    const beside = await start(t, { beside: fixture, env })
    const { client, party, browser, tokens } = await signedIn(fixture, {
      client: { default_resource: fixture.config.API_RESOURCE },
      request: { ...offline, scope: 'openid offline_access account:read' },
    })
    const kid = kidOf(tokens.access_token)
    const before = await introspect({ issuer: portOf(beside) }, client, tokens.access_token)
    t.is(before['active'], true)

    await fixture.server.services.keys.revoke(kid)
    for (const one of [fixture, beside]) {
      await until(async () => !(await isPublished(one, kid)))
      const token = tokens.access_token
      t.deepEqual(await introspect({ issuer: portOf(one) }, client, token), { active: false })
      t.is(await statusAt(one, token), 401)
    }
    t.true(await isPublished(beside, kidOf(tokens.id_token!)), 'the other key is untouched')

    const fresh = await oidc.refreshTokenGrant(party.config, tokens.refresh_token!)
    t.not(kidOf(fresh.access_token), kid)
    t.is(await statusAt(beside, fresh.access_token), 200)
    const { url } = await party.begin({ scope: 'openid', prompt: 'none' })
    const { left } = await browser.open(url.href)
    t.truthy(left?.searchParams.get('code'), left?.href)
  },
)

const statesOf = async (keys: Keys): Promise<string[]> =>
  (await keys.list()).map(({ alg, state }) => `${alg} ${state}`).sort()

test('whichever key is revoked, a current and a next one remain for each algorithm', async (t) => {
  const { keys } = (await start(t)).server.services
  const complete = ['ES256 current', 'ES256 next', 'RS256 current', 'RS256 next']
  for (const state of ['next', 'current'] as const) {
    for (const alg of ['RS256', 'ES256']) {
      const all = await keys.list()
      const revoked = all.find((key) => key.alg === alg && key.state === state)!
      const successor = all.find((key) => key.alg === alg && key.state === 'next')!
      t.like(await keys.revoke(revoked.id), { alg, state })
      t.deepEqual(await statesOf(keys), complete)
      const current = (await keys.list()).find((key) => key.alg === alg && key.state === 'current')!
      if (state === 'current') t.is(current.id, successor.id, 'the published one takes over')
    }
  }
  await keys.rotate({ force: true })
  const previous = (await keys.list()).find(({ state }) => state === 'previous')!
  await keys.revoke(previous.id)
  t.is((await keys.list()).length, 5)
  await t.throwsAsync(keys.revoke(previous.id), { message: 'not_found' })
})

onStorages('a key is revoked even while rotations run', async (t, begin) => {
  const { keys } = (await begin()).server.services
  const { id } = (await keys.list())[0]!
  const rotations = Array.from({ length: 3 }, () => keys.rotate({ force: true }))
  const [revoked, ...rotated] = await Promise.allSettled([keys.revoke(id), ...rotations])
  t.is(revoked.status, 'fulfilled')
  for (const one of rotated)
    if (one.status === 'rejected') t.is((one.reason as Error).message, 'keys_changed')
  t.false((await keys.list()).some((key) => key.id === id))
})
