import type { ExecutionContext } from 'ava'
import { createBrowser } from '../support/browser.ts'
import { onEveryStorage } from '../support/storages.ts'
import { createProver } from './dpop.ts'
import {
  approveDevice,
  authorizeUrl,
  challengeOf,
  deviceGrant,
  fifty,
  introspect,
  newCast,
  newVerifier,
  obtainCode,
  offline,
  pollDevice,
  post,
  redeem,
  refresh,
  startDevice,
  withoutRedirect,
  type Answer,
} from './journey.ts'

/** Keycloak CVE-2026-1035, CVE-2026-9802: check, then consume, with a gap between the two. */

const succeeded = (answers: Answer[]): Answer[] => answers.filter(({ status }) => status === 200)

function oneSucceeds(t: ExecutionContext, answers: Answer[], error = 'invalid_grant'): void {
  t.is(succeeded(answers).length, 1)
  const others = answers.filter(({ status }) => status !== 200)
  t.deepEqual(
    [...new Set(others.map(({ status, json }) => `${status} ${String(json['error'])}`))],
    [`400 ${error}`],
  )
}

onEveryStorage('of 50 parallel redemptions of one code exactly one succeeds', async (t, begin) => {
  const cast = await newCast(await begin())
  const code = await obtainCode(cast)
  oneSucceeds(t, await fifty(() => redeem(cast, code)))
})

onEveryStorage(
  'of 50 parallel uses of one refresh token without grace exactly one succeeds',
  async (t, begin) => {
    const cast = await newCast(await begin({ env: { REFRESH_GRACE_SECONDS: '0' } }))
    const { json } = await redeem(cast, await obtainCode(cast, offline))
    oneSucceeds(t, await fifty(() => refresh(cast, String(json['refresh_token']))))
  },
)

onEveryStorage(
  '50 parallel uses of one refresh token within its grace get one and the same answer',
  async (t, begin) => {
    const cast = await newCast(await begin({ env: { REFRESH_GRACE_SECONDS: '10' } }))
    const { json } = await redeem(cast, await obtainCode(cast, offline))
    const answers = await fifty(() => refresh(cast, String(json['refresh_token'])))
    t.is(succeeded(answers).length, 50)
    t.is(new Set(answers.map(({ text }) => text)).size, 1)

    const next = await refresh(cast, String(answers[0]!.json['refresh_token']))
    t.is(next.status, 200)
    t.not(next.json['refresh_token'], answers[0]!.json['refresh_token'])
  },
)

onEveryStorage(
  'the answer of a spent refresh token is for the same request of the same client alone',
  async (t, begin) => {
    const fixture = await begin({ env: { REFRESH_GRACE_SECONDS: '60' } })
    const resource = fixture.config.API_RESOURCE
    const cast = await newCast(fixture)
    const scope = 'openid profile offline_access account:read'
    const { json } = await redeem(cast, await obtainCode(cast, { ...offline, scope, resource }))
    const spent = String(json['refresh_token'])
    const first = await refresh(cast, spent, { resource })
    t.is(first.status, 200)

    const stranger = await refresh({ fixture, client: await fixture.addClient() }, spent, {
      resource,
    })
    t.is(stranger.json['error'], 'invalid_grant')
    for (const other of [{}, { resource, scope: 'openid' }, { scope: 'openid' }] as object[]) {
      const answer = await refresh(cast, spent, other as Record<string, string>)
      t.is(answer.json['error'], 'invalid_grant')
      t.is(answer.json['access_token'], undefined)
    }
    t.is((await refresh(cast, spent, { resource })).text, first.text)
  },
)

onEveryStorage(
  'of 50 parallel polls with one approved device code exactly one succeeds',
  async (t, begin) => {
    const cast = await newCast(await begin(), withoutRedirect(deviceGrant))
    const { device_code, user_code } = await startDevice(cast)
    t.is((await approveDevice(cast, user_code)).status, 200)
    oneSucceeds(t, await fifty(() => pollDevice(cast, device_code)))
  },
)

onEveryStorage(
  'of 50 parallel uses of one pushed request exactly one gets a code',
  async (t, begin) => {
    const fixture = await begin()
    const cast = await newCast(fixture, { first_party: true })
    const browser = createBrowser(fixture.issuer)
    await obtainCode({ ...cast, browser })
    const parameters = authorizeUrl(fixture, cast.client, {
      code_challenge: challengeOf(newVerifier()),
    })
    const pushed = await post(`${fixture.issuer}/oauth/par`, cast.client, parameters.searchParams)
    const url = new URL(`${fixture.issuer}/oauth/authorize`)
    url.searchParams.set('client_id', cast.client.id)
    url.searchParams.set('request_uri', String(pushed.json['request_uri']))

    const pages = await fifty(() => browser.open(url.href))
    const codes = pages.flatMap(({ left }) => left?.searchParams.get('code') ?? [])
    t.is(codes.length, 1)
  },
)

onEveryStorage(
  'of 50 parallel requests with one DPoP proof exactly one succeeds',
  async (t, begin) => {
    const fixture = await begin()
    const client = await fixture.addClient(withoutRedirect('client_credentials'))
    const url = `${fixture.issuer}/oauth/token`
    const dpop = await (await createProver())(url)
    const answers = await fifty(() =>
      post(url, client, { grant_type: 'client_credentials' }, { dpop }),
    )
    t.is(succeeded(answers).length, 1)
    t.true(answers.every(({ status }) => status === 200 || status === 400))
  },
)

onEveryStorage(
  'a code that was used before a restart is refused after it, and what it gave is dead',
  async (t, begin) => {
    const before = await begin()
    const cast = await newCast(before, { default_resource: before.config.API_RESOURCE })
    const code = await obtainCode(cast, { ...offline, scope: 'openid offline_access account:read' })
    const { json } = await redeem(cast, code)
    t.true((await introspect(cast, String(json['access_token'])))['active'])
    await before.server.stop()

    const beside = await begin({ beside: before })
    const after = {
      ...cast,
      fixture: { ...beside, issuer: `http://localhost:${beside.server.port}` },
    }
    t.true((await introspect(after, String(json['access_token'])))['active'])
    const replay = await redeem(after, code)
    t.is(replay.status, 400)
    t.is(replay.json['error'], 'invalid_grant')
    t.deepEqual(await introspect(after, String(json['access_token'])), { active: false })
    t.is((await refresh(after, String(json['refresh_token']))).json['error'], 'invalid_grant')
  },
)
