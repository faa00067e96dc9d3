import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { oidcStandIn, type OidcStandIn } from '../support/stand-ins/oidc.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { begin, finish, press, signInWith } from './journey.ts'

/** Two apps at one provider, as the operator's file says. */
function fileFor(t: ExecutionContext, { issuer, clientId, clientSecret, host }: OidcStandIn) {
  const folder = mkdtempSync(join(tmpdir(), 'yumen-providers-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'yumen.yaml')
  const app = { kind: 'oidc', issuer, client_id: clientId, client_secret: clientSecret }
  const providers = [
    { id: 'acme', name: '顶点学校', trust_email: true, ...app },
    { id: 'acme-guests', name: 'Acme guests', scopes: ['openid'], ...app },
  ]
  writeFileSync(path, JSON.stringify({ providers }))
  return { CONFIG_FILE: path, FETCH_ALLOWED_HOSTS: host }
}

onStorages(
  'a provider is known by its issuer alone, and its profile may be at userinfo',
  async (t, open) => {
    const acme = await oidcStandIn(t, { issuerPath: '/realms/acme', userinfo: ['name', 'email'] })
    acme.person = { sub: 'U1', name: '王小明 🎋', email: 'xm@acme.example', email_verified: true }
    const fixture = await open({ env: fileFor(t, acme) })
    const begun = await begin(fixture)
    t.regex(begun.login.text, /Continue with 顶点学校/)
    const sub = await finish(begun, await signInWith(begun, 'acme'))
    const user = await fixture.storage.users.findById(sub)
    t.like(user, { nickname: '王小明 🎋', email: 'xm@acme.example', emailVerified: true })
    const [identity] = await fixture.storage.identities.listByUser(sub)
    t.like(identity, { provider: acme.issuer, subject: 'U1' })
    const other = await begin(fixture)
    t.is(await finish(other, await signInWith(other, 'acme-guests')), sub)
  },
)

test('an issuer on a private address is not asked unless the operator lists its host', async (t) => {
  const acme = await oidcStandIn(t)
  const fixture = await start(t, { env: { ...fileFor(t, acme), FETCH_ALLOWED_HOSTS: '' } })
  const page = await press((await begin(fixture)).login, 'acme')
  t.is(page.status, 503)
  t.is(acme.asked.length, 0)
})

test('endpoints that the metadata put on a private address are not asked', async (t) => {
  const inside = await oidcStandIn(t)
  for (const name of ['token_endpoint', 'jwks_uri', 'userinfo_endpoint']) {
    const acme = await oidcStandIn(t, { metadata: { [name]: `${inside.url}/keys` } })
    const fixture = await start(t, { env: fileFor(t, acme) })
    t.is((await press((await begin(fixture)).login, 'acme')).status, 503, name)
  }
  t.is(inside.asked.length, 0)
})

test('the issuer of the callback is checked when it is named, and must be named when it was promised', async (t) => {
  const promised = { authorization_response_iss_parameter_supported: true }
  const acme = await oidcStandIn(t, { metadata: promised })
  const fixture = await start(t, { env: fileFor(t, acme) })
  for (const extra of [{}, { iss: 'https://evil.example' }, { iss: `${acme.issuer}/` }]) {
    acme.extra = extra
    t.regex((await signInWith(await begin(fixture), 'acme')).text, /did not confirm/)
  }
  t.false(acme.asked.some(({ path }) => path === '/token'))
  acme.extra = { iss: acme.issuer }
  const begun = await begin(fixture)
  await finish(begun, await signInWith(begun, 'acme'))
})
