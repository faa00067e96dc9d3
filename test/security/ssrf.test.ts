import test, { type ExecutionContext } from 'ava'
import { begin, googleEnv, signInWith } from '../federation/journey.ts'
import { countingListener, urlsToUs } from '../support/counting-listener.ts'
import { readKeys, readSector, signOut } from './fetches.ts'
import { oidcStandIn } from '../support/stand-ins/oidc.ts'
import { standIn } from '../support/stand-ins/server.ts'
import { start } from '../support/start.ts'

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
