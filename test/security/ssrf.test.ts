import test, { type ExecutionContext } from 'ava'
import * as oidc from 'openid-client'
import { begin, googleEnv, signInWith } from '../federation/journey.ts'
import { createBrowser } from '../support/browser.ts'
import { countingListener, urlsToUs } from '../support/counting-listener.ts'
import { readKeys, readSector } from './fetches.ts'
import { authorize, relyingParty } from '../support/relying-party.ts'
import { oidcStandIn } from '../support/stand-ins/oidc.ts'
import { standIn } from '../support/stand-ins/server.ts'
import { start, type Fixture } from '../support/start.ts'

/** One person signs in at a client for each URL, and out of all of them at once; resolves to what the log says of it. */
async function signOut(fixture: Fixture, uris: readonly string[]): Promise<string[]> {
  const person = await fixture.addUser()
  const browser = createBrowser(fixture.issuer)
  let end: URL | undefined
  for (const backchannel_logout_uri of uris) {
    const client = await fixture.addClient({ backchannel_logout_uri, first_party: true })
    const { config, begin: ask } = await relyingParty(fixture, client)
    const pending = await ask()
    const { id_token } = await pending.redeem(await authorize(browser, pending.url, person))
    end = oidc.buildEndSessionUrl(config, { id_token_hint: id_token! })
  }
  await (await browser.open(end!.href)).submit('op.logoutForm', { logout: 'yes' })
  return fixture.logLines.filter((line) => line.includes('back-channel logout failed'))
}

test('no spelling of our own address in a jwks_uri opens a connection', async (t) => {
  const listener = await countingListener(t)
  const fixture = await start(t)
  for (const url of urlsToUs(listener.port)) t.is(await readKeys(fixture, url), 401, url)
  t.is(listener.accepted, 0)
})

test('no spelling of our own address in a sector_identifier_uri opens a connection', async (t) => {
  const listener = await countingListener(t)
  const fixture = await start(t)
  for (const url of urlsToUs(listener.port)) t.is(await readSector(fixture, url), 400, url)
  t.is(listener.accepted, 0)
})

test('no spelling of our own address in a backchannel_logout_uri opens a connection', async (t) => {
  const listener = await countingListener(t)
  const uris = urlsToUs(listener.port)
  t.is((await signOut(await start(t), uris)).length, uris.length)
  t.is(listener.accepted, 0)
})

/** A host that the operator lists, and that sends everything on to the listener. */
async function redirecting(t: ExecutionContext, status: number, port: number) {
  const away = () => ({ status, headers: { location: `http://127.0.0.1:${port}/` }, body: '' })
  return standIn(t, { 'GET /': away, 'POST /': away })
}

test('a redirect to a private address is not followed', async (t) => {
  const listener = await countingListener(t)
  for (const status of [301, 302, 303, 307, 308]) {
    const { url, host, asked } = await redirecting(t, status, listener.port)
    const fixture = await start(t, { env: { FETCH_ALLOWED_HOSTS: host } })
    t.is(await readKeys(fixture, url), 401)
    t.is((await signOut(fixture, [url])).length, 1)
    t.is(asked.length, 2)
  }
  t.is(listener.accepted, 0)
})

test('a token endpoint that redirects to a private address is not followed', async (t) => {
  const listener = await countingListener(t)
  const { url, host, asked } = await redirecting(t, 307, listener.port)
  const acme = await oidcStandIn(t, { metadata: { token_endpoint: `${url}/` } })
  const fixture = await start(t, { env: { ...googleEnv(acme), FETCH_ALLOWED_HOSTS: host } })
  t.regex((await signInWith(await begin(fixture), 'google')).text, /did not confirm/)
  t.is(asked.length, 1)
  t.is(listener.accepted, 0)
})
