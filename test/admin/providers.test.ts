import test from 'ava'
import {
  auditOf as signInsOf,
  begin,
  callbackOf,
  finish,
  press,
  signInWith,
} from '../federation/journey.ts'
import { oidcStandIn, type OidcStandIn } from '../support/stand-ins/oidc.ts'
import { start } from '../support/start.ts'
import { administrator, auditOf } from './administrator.ts'

const bodyOf = ({ issuer, clientId, clientSecret }: OidcStandIn) => ({
  id: 'acme',
  kind: 'oidc',
  name: '顶点学校',
  issuer,
  client_id: clientId,
  client_secret: clientSecret,
})

test('a provider is made, used, changed and removed without a restart, in other processes too', async (t) => {
  const acme = await oidcStandIn(t)
  const env = { FETCH_ALLOWED_HOSTS: acme.host, PROVIDER_POLL_SECONDS: '1' }
  const fixture = await administrator(t, { env })
  const beside = await start(t, { beside: fixture, env: { ISSUER: fixture.issuer } })
  const { admin } = fixture
  const made = await admin('POST', '/admin/providers', bodyOf(acme))
  t.is(made.status, 201)
  t.like(made.body, { id: 'acme', source: 'stored', name: '顶点学校' })
  t.is(made.body.callback_url, `${fixture.issuer}/oauth/acme/callback`)

  const begun = await begin(fixture)
  t.regex(begun.login.text, /Continue with 顶点学校/)
  await finish(begun, await signInWith(begun, 'acme'))
  t.is((await signInsOf(fixture, 'login.succeeded')).at(0)?.details?.['provider'], 'acme')

  const { id: _id, client_secret: _secret, ...rest } = bodyOf(acme)
  const renamed = await admin('PUT', '/admin/providers/acme', { ...rest, name: 'Acme' })
  t.like(renamed, { status: 200, body: { name: 'Acme' } })
  const again = await begin(fixture)
  t.regex(again.login.text, /Continue with Acme/)
  await finish(again, await signInWith(again, 'acme'))

  const { providers } = beside.server.services.federation
  const deadline = Date.now() + 10_000
  while (providers.find('acme')?.name !== 'Acme' && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 50))
  t.is(providers.find('acme')?.name, 'Acme')

  t.is((await admin('DELETE', '/admin/providers/acme')).status, 204)
  t.is((await admin('GET', '/admin/providers/acme')).status, 404)
  t.notRegex((await begin(fixture)).login.text, /with Acme/)
  t.deepEqual(
    (await auditOf(fixture, 'provider:acme')).map(({ type }) => type),
    ['provider.deleted', 'provider.updated', 'provider.created'],
  )
})

test('the secret is sealed, and neither shown nor audited', async (t) => {
  const acme = await oidcStandIn(t)
  const fixture = await administrator(t)
  const answers = [
    await fixture.admin('POST', '/admin/providers', bodyOf(acme)),
    await fixture.admin('GET', '/admin/providers'),
    await fixture.admin('GET', '/admin/providers/acme'),
    await auditOf(fixture, 'provider:acme'),
    await fixture.storage.providers.list(),
  ]
  t.false(JSON.stringify(answers).includes(acme.clientSecret))
})

test('a secret does not follow a changed address', async (t) => {
  const acme = await oidcStandIn(t)
  const { admin } = await administrator(t)
  await admin('POST', '/admin/providers', bodyOf(acme))
  const { id: _id, client_secret: secret, ...rest } = bodyOf(acme)
  for (const change of [{ issuer: 'https://evil.example' }, { base_url: 'https://evil.example' }]) {
    const changed = { ...rest, ...change }
    t.is((await admin('PUT', '/admin/providers/acme', changed)).status, 422)
    const known = { ...changed, client_secret: secret }
    t.is((await admin('PUT', '/admin/providers/acme', known)).status, 200)
    t.is((await admin('PUT', '/admin/providers/acme', bodyless(acme))).status, 200)
  }
})

test('what comes back after the client of a provider was changed is refused', async (t) => {
  const acme = await oidcStandIn(t)
  const fixture = await administrator(t, { env: { FETCH_ALLOWED_HOSTS: acme.host } })
  await fixture.admin('POST', '/admin/providers', bodyOf(acme))
  const { browser, login } = await begin(fixture)
  const callback = await callbackOf(await press(login, 'acme'))
  const changed = { ...bodyless(acme), client_id: 'another-client' }
  t.is((await fixture.admin('PUT', '/admin/providers/acme', changed)).status, 200)
  t.is((await browser.open(callback)).status, 400)
  t.false(acme.asked.some(({ path }) => path === '/token'))
})

const bodyless = (acme: OidcStandIn) => {
  const { id: _id, ...rest } = bodyOf(acme)
  return rest
}

test('what is no provider is refused with 422, a taken id with 409', async (t) => {
  const acme = await oidcStandIn(t)
  const { admin } = await administrator(t, {
    env: { GITHUB_CLIENT_ID: 'Iv1.1', GITHUB_CLIENT_SECRET: 'declared-secret' },
  })
  const wrong = [
    { id: 'Acme' },
    { id: 'authorize' },
    { id: '' },
    { kind: 'myspace' },
    { kind: 'apple' },
    { issuer: undefined },
    { issuer: 'ftp://acme.example' },
    { issuer: 'javascript:alert(1)' },
    { name: undefined },
    { name: 'x'.repeat(61) },
    { scopes: ['two words'] },
    { unknown: true },
    { client_secret: undefined },
  ]
  for (const one of wrong)
    t.is(
      (await admin('POST', '/admin/providers', { ...bodyOf(acme), ...one })).status,
      422,
      JSON.stringify(one),
    )
  t.is((await admin('POST', '/admin/providers', bodyOf(acme))).status, 201)
  t.is((await admin('POST', '/admin/providers', bodyOf(acme))).status, 409)
  const taken = { ...bodyOf(acme), id: 'github' }
  t.is((await admin('POST', '/admin/providers', taken)).status, 409)

  const listed = await admin('GET', '/admin/providers')
  const sources = listed.body.providers.map(({ id, source }: Record<string, string>) => [
    id,
    source,
  ])
  t.deepEqual(sources, [
    ['github', 'declared'],
    ['acme', 'stored'],
  ])
  t.false(JSON.stringify(listed.body).includes('declared-secret'))
  const { body, status } = await admin('DELETE', '/admin/providers/github')
  t.like({ status, code: body.code }, { status: 409, code: 'protected_provider' })
  t.is((await admin('PUT', '/admin/providers/github', bodyless(acme))).status, 409)
})

test('who chooses a provider could become anybody, so a change needs all of an administrator’s scopes', async (t) => {
  const acme = await oidcStandIn(t)
  const fixture = await administrator(t)
  const { admin } = fixture
  const resource = fixture.config.API_RESOURCE
  const permissions = { [resource]: ['admin:providers', 'admin:audit'] }
  await admin('POST', '/admin/roles', { name: 'helper', description: 'x', permissions })
  const { call } = await fixture.someoneWith(['helper'])
  t.is((await call('GET', '/admin/providers')).status, 200)
  t.is((await call('POST', '/admin/providers', bodyOf(acme))).status, 403)
  await admin('POST', '/admin/providers', bodyOf(acme))
  t.is((await call('PUT', '/admin/providers/acme', bodyless(acme))).status, 403)
  t.is((await call('DELETE', '/admin/providers/acme')).status, 403)
})
