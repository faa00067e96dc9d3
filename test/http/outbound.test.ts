import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { createOutbound, isPublic, OutboundRefused } from '#http/outbound.ts'
import { startIssuer } from '../support/issuer.ts'

/** A server on loopback. */
async function serve(t: ExecutionContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('addresses that are not of the open internet are known in every spelling', (t) => {
  const closed = [
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'nonsense',
  ]
  t.deepEqual(closed.filter(isPublic), [])
  t.true(['93.184.215.14', '2606:2800:21f:cb07::1'].every(isPublic))
})

test('a private address is not asked, by its number or by a name that leads there', async (t) => {
  let asked = 0
  const host = await serve(t, (_request, response) => {
    asked++
    response.end()
  })
  const outbound = createOutbound({ allowedHosts: [] })
  const port = host.split(':')[1]
  const addresses = [
    `http://${host}/`,
    `https://${host}/`,
    `https://[::ffff:7f00:1]:${port}/`,
    `https://2130706433:${port}/`,
    `https://0x7f.1:${port}/`,
    `https://localhost:${port}/`,
    'https://169.254.169.254/latest/meta-data/',
    'file:///etc/passwd',
  ]
  for (const address of addresses)
    await t.throwsAsync(outbound.fetch(address), { instanceOf: OutboundRefused }, address)
  t.is(asked, 0)
})

test('a host that the operator lists is asked, and its redirects are not followed', async (t) => {
  const host = await serve(t, (request, response) => {
    if (request.url === '/away') response.writeHead(302, { location: 'http://127.0.0.1:1/' })
    response.end('{"a":1}')
  })
  const outbound = createOutbound({ allowedHosts: [host] })
  t.deepEqual(await (await outbound.fetch(`http://${host}/`)).json(), { a: 1 })
  t.is((await outbound.fetch(`http://${host}/away`)).status, 302)
})

test('an answer that never ends, or is too long, is given up', async (t) => {
  const host = await serve(t, (request, response) => {
    response.write('x'.repeat(2000))
    if (request.url === '/long') response.end()
  })
  const outbound = createOutbound({ allowedHosts: [host], timeoutMs: 300, maxBytes: 1000 })
  await t.throwsAsync(outbound.fetch(`http://${host}/long`), { message: /more than 1000 bytes/ })
  const patient = createOutbound({ allowedHosts: [host], timeoutMs: 300 })
  await t.throwsAsync(patient.fetch(`http://${host}/slow`))
})

test('an issuer that is down, slow, too large, garbled or elsewhere is an error', async (t) => {
  const issuer = await startIssuer(t)
  for (const behaviour of ['down', 'slow', 'huge', 'redirect', 'garbled'] as const) {
    issuer.behaviour = behaviour
    const timeoutMs = behaviour === 'slow' ? 300 : 20_000
    const getJson = createOutbound({
      timeoutMs,
      maxBytes: 256 * 1024,
      allowedHosts: [issuer.host],
    }).getJson
    await t.throwsAsync(getJson(issuer.jwksUri), undefined, behaviour)
  }
})
