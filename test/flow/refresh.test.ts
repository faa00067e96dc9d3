import test from 'ava'
import { setTimeout as sleep } from 'node:timers/promises'
import * as oidc from 'openid-client'
import { start, type StartOptions } from '../support/start.ts'
import { onEveryStorage } from '../support/storages.ts'
import { introspect, offline, post, refusal, signedIn } from './journeys.ts'
import { portOf } from './instances.ts'

onEveryStorage(
  'with a grace of 0 a spent refresh token revokes the grant at once',
  async (t, begin) => {
    const fixture = await begin({ env: { REFRESH_GRACE_SECONDS: '0' } })
    const { client, party, tokens } = await signedIn(fixture, { request: offline })
    const second = await oidc.refreshTokenGrant(party.config, tokens.refresh_token!)

    const replay = oidc.refreshTokenGrant(party.config, tokens.refresh_token!)
    t.is(await refusal(replay), 'invalid_grant')
    const newest = oidc.refreshTokenGrant(party.config, second.refresh_token!)
    t.is(await refusal(newest), 'invalid_grant')
    t.deepEqual(await introspect(fixture, client, second.access_token), { active: false })
  },
)

onEveryStorage(
  'another client that presents a spent token gets nothing, and the owner’s tokens live on',
  async (t, begin) => {
    const fixture = await begin()
    const { party, tokens } = await signedIn(fixture, { request: offline })
    const spent = tokens.refresh_token!
    const second = await oidc.refreshTokenGrant(party.config, spent)

    const stranger = await fixture.addClient()
    const response = await post(`${fixture.issuer}/oauth/token`, stranger, {
      grant_type: 'refresh_token',
      refresh_token: spent,
    })
    t.is(response.status, 400)
    const answer = (await response.json()) as Record<string, unknown>
    t.is(answer['error'], 'invalid_grant')
    t.false('access_token' in answer)
    t.truthy((await oidc.refreshTokenGrant(party.config, second.refresh_token!)).access_token)
  },
)

/** While the clock stands still no grace ends and no one waits too long, however slow the machine is. */
function standingStill(): StartOptions {
  const at = Date.now()
  return { env: { REFRESH_GRACE_SECONDS: '120' }, now: () => at }
}

onEveryStorage('a second instance answers a replay with the very same answer', async (t, begin) => {
  const fixture = await begin(standingStill())
  const { client, tokens } = await signedIn(fixture, { request: offline })
  const beside = await start(t, { beside: fixture })
  const body = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token! }

  const first = await post(`${fixture.issuer}/oauth/token`, client, body)
  const again = await post(`${portOf(beside)}/oauth/token`, client, body)
  t.is(again.status, 200)
  t.is(again.headers.get('cache-control'), first.headers.get('cache-control'))
  t.deepEqual(await again.json(), await first.json())
})

onEveryStorage(
  'ten refreshes at once on two instances all get one and the same answer',
  async (t, begin) => {
    const fixture = await begin(standingStill())
    const { client, tokens } = await signedIn(fixture, { request: offline })
    const beside = await start(t, { beside: fixture })
    const body = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token! }

    const answers = await Promise.all(
      Array.from({ length: 10 }, async (_, i) => {
        const origin = i % 2 === 0 ? fixture.issuer : portOf(beside)
        return (await post(`${origin}/oauth/token`, client, body)).text()
      }),
    )
    t.is(new Set(answers).size, 1, answers.join('\n'))
    const { refresh_token } = JSON.parse(answers[0]!) as { refresh_token: string }
    t.like(await introspect(fixture, client, refresh_token), { active: true })
  },
)

test('a replay that asks for another scope or resource does not get the stored answer', async (t) => {
  const fixture = await start(t, standingStill())
  const { party, tokens } = await signedIn(fixture, {
    request: { ...offline, resource: fixture.config.API_RESOURCE },
  })
  const spent = tokens.refresh_token!
  const second = await oidc.refreshTokenGrant(party.config, spent)
  for (const other of [{ scope: 'openid' }, { resource: fixture.config.API_RESOURCE }]) {
    const replay = oidc.refreshTokenGrant(party.config, spent, other)
    t.is(await refusal(replay), 'invalid_grant', JSON.stringify(other))
  }
  t.truthy((await oidc.refreshTokenGrant(party.config, second.refresh_token!)).access_token)
})

onEveryStorage('after a revocation the stored answer is gone', async (t, begin) => {
  const fixture = await begin()
  const { party, tokens } = await signedIn(fixture, { request: offline })
  const spent = tokens.refresh_token!
  const second = await oidc.refreshTokenGrant(party.config, spent)
  await oidc.tokenRevocation(party.config, second.refresh_token!)
  t.is(await refusal(oidc.refreshTokenGrant(party.config, spent)), 'invalid_grant')
})

onEveryStorage(
  'a refresh that is refused spends nothing: the token still works, also after the grace',
  async (t, begin) => {
    for (const grace of [0, 10]) {
      const clock = { now: Date.now() }
      const env = { REFRESH_GRACE_SECONDS: String(grace) }
      const fixture = await begin({ env, now: () => clock.now })
      const { party, tokens } = await signedIn(fixture, { request: offline })
      const refused = oidc.refreshTokenGrant(party.config, tokens.refresh_token!, {
        resource: fixture.config.API_RESOURCE,
      })
      t.is(await refusal(refused), 'invalid_target')
      clock.now += grace * 1000

      const next = await oidc.refreshTokenGrant(party.config, tokens.refresh_token!)
      t.truthy(next.refresh_token)
      clock.now += grace * 1000
      const replay = oidc.refreshTokenGrant(party.config, tokens.refresh_token!)
      t.is(await refusal(replay), 'invalid_grant')
      t.is(
        await refusal(oidc.refreshTokenGrant(party.config, next.refresh_token!)),
        'invalid_grant',
      )
    }
  },
)

test('a refresh token ends with its grant, however long it would live by itself', async (t) => {
  const fixture = await start(t, {
    env: { GRANT_EXPIRE_DAYS: '1', REFRESH_TOKEN_EXPIRE_DAYS: '30' },
  })
  const { client, party, tokens } = await signedIn(fixture, { request: offline })
  const day = 24 * 3600
  const left = async (token: string): Promise<number> =>
    Number((await introspect(fixture, client, token))['exp']) - Math.floor(Date.now() / 1000)

  const first = await left(tokens.refresh_token!)
  t.true(first <= day && first > day - 60, String(first))
  // By the clock of oidc-provider, which reads Date.now.
  await sleep(1100)
  const next = await oidc.refreshTokenGrant(party.config, tokens.refresh_token!)
  const second = await left(next.refresh_token!)
  t.true(second <= first && second > day - 60, String(second))
})

test('a refresh token lives as long as the setting says', async (t) => {
  const fixture = await start(t, { env: { REFRESH_TOKEN_EXPIRE_DAYS: '2' } })
  const { client, tokens } = await signedIn(fixture, { request: offline })
  const { exp, iat } = await introspect(fixture, client, tokens.refresh_token!)
  t.is(Number(exp) - Number(iat), 2 * 24 * 3600)
})

test('a refresh may narrow the scope of its access token and never widen it', async (t) => {
  const fixture = await start(t)
  const { party, tokens } = await signedIn(fixture, {
    request: { scope: 'openid email offline_access', prompt: 'consent' },
  })
  const narrow = await oidc.refreshTokenGrant(party.config, tokens.refresh_token!, {
    scope: 'openid',
  })
  t.is(narrow.scope, 'openid')
  const wide = oidc.refreshTokenGrant(party.config, narrow.refresh_token!, {
    scope: 'openid profile',
  })
  t.is(await refusal(wide), 'invalid_scope')
})

test('without offline_access there is no refresh token, unless the client is first party', async (t) => {
  const fixture = await start(t)
  t.is((await signedIn(fixture)).tokens.refresh_token, undefined)
  t.truthy((await signedIn(fixture, { client: { first_party: true } })).tokens.refresh_token)
})
