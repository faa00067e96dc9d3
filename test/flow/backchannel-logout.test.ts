import test, { type ExecutionContext } from 'ava'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import * as oidc from 'openid-client'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { signedIn, type SignedIn } from './journeys.ts'

interface Receiver {
  host: string
  uri: string
  /** Bodies of the requests so far. */
  received: URLSearchParams[]
}

/** A client's back-channel endpoint on loopback. */
async function receiver(
  t: ExecutionContext,
  answer: (res: ServerResponse) => void = (res) => res.end(),
): Promise<Receiver> {
  const received: URLSearchParams[] = []
  const server = createServer((req, res) => {
    void text(req)
      .then((body) => received.push(new URLSearchParams(body)))
      .then(() => answer(res))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return { host, uri: `http://${host}/logged-out`, received }
}

const metadataOf = ({ uri }: Receiver) => ({
  backchannel_logout_uri: uri,
  backchannel_logout_session_required: true,
})

async function logOut({ browser, party, tokens }: SignedIn): Promise<string> {
  const url = oidc.buildEndSessionUrl(party.config, { id_token_hint: tokens.id_token! })
  const page = await browser.open(url.href)
  return (await page.submit('op.logoutForm', { logout: 'yes' })).text
}

onStorages(
  'every client of the session gets a logout token that its JWKS verifies',
  async (t, begin) => {
    const { host, uri, received } = await receiver(t)
    const fixture = await begin({ env: { FETCH_ALLOWED_HOSTS: host } })
    const journey = await signedIn(fixture, { client: metadataOf({ host, uri, received }) })
    t.regex(await logOut(journey), /You are signed out/)

    t.is(received.length, 1)
    const token = received[0]!.get('logout_token')!
    const jwks = createRemoteJWKSet(new URL(`${fixture.issuer}/oauth/jwks`))
    const { payload } = await jwtVerify(token, jwks, {
      issuer: fixture.issuer,
      audience: journey.client.id,
      typ: 'logout+jwt',
    })
    t.is(payload.sub, journey.person.id)
    t.is(payload['sid'], decodeJwt(journey.tokens.id_token!)['sid'])
    t.deepEqual(payload['events'], { 'http://schemas.openid.net/event/backchannel-logout': {} })
    t.truthy(payload.jti)
    t.false('nonce' in payload)
  },
)

test('an address on a private network that is not listed gets nothing, and the log says so', async (t) => {
  const own = await receiver(t)
  const fixture = await start(t)
  const journey = await signedIn(fixture, { client: metadataOf(own) })
  t.regex(await logOut(journey), /You are signed out/)
  t.is(own.received.length, 0)
  t.true(fixture.logLines.some((line) => line.includes('back-channel logout failed')))
})

test('a listed host does not open another port of the same machine', async (t) => {
  const own = await receiver(t)
  const fixture = await start(t, { env: { FETCH_ALLOWED_HOSTS: '127.0.0.1:1,localhost:80' } })
  await logOut(await signedIn(fixture, { client: metadataOf(own) }))
  t.is(own.received.length, 0)
})

test('a receiver that fails, redirects or never answers does not hold the logout up', async (t) => {
  const inner = await receiver(t)
  const answers: ((res: ServerResponse) => void)[] = [
    (res) => res.writeHead(500).end(),
    (res) => res.writeHead(307, { location: inner.uri }).end(),
    () => {},
  ]
  for (const answer of answers) {
    const own = await receiver(t, answer)
    const fixture = await start(t, { env: { FETCH_ALLOWED_HOSTS: own.host } })
    const journey = await signedIn(fixture, { client: metadataOf(own) })
    t.regex(await logOut(journey), /You are signed out/)
    t.is(own.received.length, 1)
    t.true(fixture.logLines.some((line) => line.includes('back-channel logout failed')))
  }
  t.is(inner.received.length, 0)
})
