import type { RequestListener } from 'node:http'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'
import test, { type ExecutionContext } from 'ava'
import { begin, googleEnv, signInWith } from '../federation/journey.ts'
import { oidcStandIn } from '../support/stand-ins/oidc.ts'
import { callback, start } from '../support/start.ts'
import { trustedServer } from '../support/tls.ts'
import { keySet, readKeys, readSector } from './fetches.ts'

const kib = 1024

/** `localhost:port` of a server that is listening from here on. */
async function listen(t: ExecutionContext, server: Server, listener: RequestListener) {
  server.on('request', listener)
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `localhost:${(server.address() as AddressInfo).port}`
}

/** JSON of a length of its own choice: white space says nothing. */
const padded = (value: unknown, length: number): string => JSON.stringify(value).padEnd(length)

/** An answer without an end, which says how much of it was taken. */
function endless(type: string) {
  const flow = { taken: 0 }
  const answer: RequestListener = (_request, response) => {
    response.writeHead(200, { 'content-type': type })
    pipeline(spaces(flow), response, () => {})
  }
  return { flow, answer }
}

async function* spaces(flow: { taken: number }) {
  for (;;) {
    flow.taken += 64 * kib
    yield Buffer.alloc(64 * kib, ' ')
  }
}

/** What lies in the buffers of both sockets. */
const slack = 12 * 1024 * kib

test('a key set is taken up to 256 KiB', async (t) => {
  let document = ''
  const host = await listen(t, createServer(), (_request, response) => response.end(document))
  const fixture = await start(t, { env: { FETCH_ALLOWED_HOSTS: host } })
  document = padded(keySet, 255 * kib)
  t.is(await readKeys(fixture, `http://${host}/fits`), 200)
  document = padded(keySet, 257 * kib)
  t.is(await readKeys(fixture, `http://${host}/too-long`), 401)
})

test('a sector document is taken up to 64 KiB', async (t) => {
  let document = ''
  const host = await listen(t, await trustedServer(), (_request, response) =>
    response.end(document),
  )
  const fixture = await start(t, { env: { FETCH_ALLOWED_HOSTS: host } })
  document = padded([callback], 63 * kib)
  t.is(await readSector(fixture, `https://${host}/fits`), 303)
  document = padded([callback], 65 * kib)
  t.is(await readSector(fixture, `https://${host}/too-long`), 400)
})

test('a key set without an end is cut off', async (t) => {
  const { flow, answer } = endless('application/json')
  const host = await listen(t, createServer(), answer)
  const fixture = await start(t, { env: { FETCH_ALLOWED_HOSTS: host } })
  t.is(await readKeys(fixture, `http://${host}/`), 401)
  t.true(flow.taken < slack, String(flow.taken))
})

test('a token answer without an end is cut off', async (t) => {
  const { flow, answer } = endless('application/json')
  const host = await listen(t, createServer(), answer)
  const acme = await oidcStandIn(t, { metadata: { token_endpoint: `http://${host}/` } })
  const fixture = await start(t, { env: { ...googleEnv(acme), FETCH_ALLOWED_HOSTS: host } })
  t.regex((await signInWith(await begin(fixture), 'google')).text, /Google cannot be reached/)
  t.true(flow.taken > 0 && flow.taken < slack, String(flow.taken))
})
