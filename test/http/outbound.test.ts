import type { lookup, LookupAddress, LookupOptions } from 'node:dns'
import { createServer, get, type RequestListener } from 'node:http'
import { isIP, type AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { createOutbound, OutboundRefused, publicLookup } from '#http/outbound.ts'
import { countingListener, urlsToUs } from '../support/counting-listener.ts'
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

test('a URL that leads to this machine is refused before a connection, in every spelling', async (t) => {
  const listener = await countingListener(t)
  const outbound = createOutbound({ allowedHosts: ['127.0.0.1:1'] })
  for (const url of urlsToUs(listener.port))
    await t.throwsAsync(outbound.fetch(url), undefined, url)
  t.is(listener.accepted, 0)
})

test('only https is fetched', async (t) => {
  const outbound = createOutbound({ allowedHosts: [] })
  for (const url of ['http://example.com/', 'file:///etc/passwd', 'ftp://example.com/'])
    await t.throwsAsync(outbound.fetch(url), { instanceOf: OutboundRefused }, url)
})

test('an HTTP client that reads a URL in its own way gets no connection either', async (t) => {
  const listener = await countingListener(t)
  const { port } = listener
  const outbound = createOutbound({ allowedHosts: [] })
  for (const host of [
    '127.0.0.1',
    '127.1',
    '2130706433',
    '::1',
    '::ffff:7f00:1',
    'localhost',
    '',
  ]) {
    const agent = outbound.agentFor('http://example.com', 1000)
    const asked = new Promise((_resolve, reject) => {
      get({ agent, host, port }).on('error', reject)
    })
    await t.throwsAsync(asked, { instanceOf: OutboundRefused }, host)
  }
  t.is(listener.accepted, 0)
})

/** A resolver that answers the first time with the first list, and so on; the last one is for good. */
function resolver(...answers: string[][]) {
  const asked: string[] = []
  const resolve = ((hostname: string, _options: LookupOptions, done: LookupDone) => {
    const addresses = answers[Math.min(asked.push(hostname), answers.length) - 1]!
    done(
      null,
      addresses.map((address) => ({ address, family: isIP(address) })),
    )
  }) as typeof lookup
  return { asked, resolve }
}

type LookupDone = (error: null, addresses: LookupAddress[]) => void

test('a name is resolved once, and a private answer is refused before a connection', async (t) => {
  const listener = await countingListener(t)
  for (const answer of [['127.0.0.1'], ['::1'], ['10.0.0.1', '::ffff:127.0.0.1'], []]) {
    const { asked, resolve } = resolver(answer)
    const url = `https://rebind.example:${listener.port}/`
    const outbound = createOutbound({ allowedHosts: [], resolve })
    await t.throwsAsync(outbound.fetch(url), { instanceOf: OutboundRefused })
    t.deepEqual(asked, ['rebind.example'])
  }
  t.is(listener.accepted, 0)
})

test('what is connected to is the answer that was checked, whatever the next one says', (t) => {
  const { asked, resolve } = resolver(['127.0.0.1', '93.184.215.14'], ['127.0.0.1'])
  const seen: unknown[] = []
  publicLookup(resolve)('rebind.example', { all: true }, (...answer) => seen.push(answer))
  t.deepEqual(seen, [[null, [{ address: '93.184.215.14', family: 4 }]]])
  t.deepEqual(asked, ['rebind.example'])
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

test('an answer that is too long, or never ends, is given up', async (t) => {
  const host = await serve(t, (request, response) => {
    response.write('x'.repeat(2000))
    if (request.url === '/long') response.end()
  })
  const short = createOutbound({ allowedHosts: [host], timeoutMs: 60_000, maxBytes: 1000 })
  for (const path of ['/long', '/slow'])
    await t.throwsAsync(short.fetch(`http://${host}${path}`), { message: /more than 1000 bytes/ })
  const patient = createOutbound({ allowedHosts: [host], timeoutMs: 300 })
  await t.throwsAsync(patient.fetch(`http://${host}/slow`))
})

test('an issuer that is down, slow, too large, garbled or elsewhere is an error', async (t) => {
  const issuer = await startIssuer(t)
  const messages = {
    down: /answered 503/,
    slow: /aborted/,
    huge: /more than 262144 bytes/,
    redirect: /answered 302/,
    garbled: /not valid JSON/,
  }
  for (const [behaviour, message] of Object.entries(messages)) {
    issuer.behaviour = behaviour as keyof typeof messages
    const timeoutMs = behaviour === 'slow' ? 300 : 20_000
    const getJson = createOutbound({
      timeoutMs,
      maxBytes: 256 * 1024,
      allowedHosts: [issuer.host],
    }).getJson
    await t.throwsAsync(getJson(issuer.jwksUri), { message }, behaviour)
  }
})

test('an answer that is none of HTTP’s is an error of the request', async (t) => {
  const heads = ['999 Odd', '101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket']
  for (const head of heads) {
    const host = await serve(t, ({ socket }) => socket.end(`HTTP/1.1 ${head}\r\n\r\n`))
    const outbound = createOutbound({ allowedHosts: [host] })
    await t.throwsAsync(outbound.fetch(`http://${host}/`), undefined, head)
  }
})
