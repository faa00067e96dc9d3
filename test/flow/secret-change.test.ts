import test from 'ava'
import * as oidc from 'openid-client'
import { newSecret } from '#lib/ids.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { portOf } from './instances.ts'
import { introspect, offline, post, signedIn } from './journeys.ts'

onStorages(
  'with a new SECRET_KEY and the old one listed, sessions, keys and answers still open',
  async (t, begin) => {
    const fixture = await begin()
    const { browser, client, party, tokens } = await signedIn(fixture, { request: offline })
    const spent = tokens.refresh_token!
    const second = await oidc.refreshTokenGrant(party.config, spent)
    const after = await start(t, {
      beside: fixture,
      env: { SECRET_KEY: newSecret(48), SECRET_KEY_PREVIOUS: fixture.config.SECRET_KEY! },
    })

    const url = (await party.begin({ scope: 'openid', prompt: 'none' })).url.href
    const silent = await fetch(url.replace(fixture.issuer, portOf(after)), {
      redirect: 'manual',
      headers: { cookie: await browser.jar.getCookieString(url) },
    })
    const left = new URL(silent.headers.get('location')!)
    t.truthy(left.searchParams.get('code'), left.href)

    const body = { grant_type: 'refresh_token', refresh_token: spent }
    const replay = await post(`${portOf(after)}/oauth/token`, client, body)
    t.like(await replay.json(), { refresh_token: second.refresh_token })
    t.like(await introspect({ issuer: portOf(after) }, client, second.access_token), {
      active: true,
    })
    const jwks = await Promise.all(
      [fixture, after].map(async (one) => (await fetch(`${portOf(one)}/oauth/jwks`)).text()),
    )
    t.is(jwks[0], jwks[1])
  },
)

test('with a new SECRET_KEY and no old one the start fails and says what to do', async (t) => {
  const fixture = await start(t)
  const changed = start(t, { beside: fixture, env: { SECRET_KEY: newSecret(48) } })
  await t.throwsAsync(changed, {
    message:
      'The signing keys in the database do not open with SECRET_KEY. Was it changed? List the former one in SECRET_KEY_PREVIOUS.',
  })
})

test('a cookie that was signed with a forgotten secret opens no session', async (t) => {
  const fixture = await start(t)
  const { browser, party } = await signedIn(fixture)
  const { url } = await party.begin({ scope: 'openid', prompt: 'none' })
  const cookies = await browser.jar.getCookieString(url.href)
  const forged = cookies.replace(/(yumen_session\.sig=)[^;]+/, `$1${newSecret(20)}`)
  t.not(forged, cookies)
  const response = await fetch(url, { redirect: 'manual', headers: { cookie: forged } })
  const left = new URL(response.headers.get('location')!)
  t.is(left.searchParams.get('error'), 'login_required')
})
