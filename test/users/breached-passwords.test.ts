import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'ava'
import { createOutbound } from '#http/outbound.ts'
import { createIsBreached, type BreachedPasswordsParts } from '#users/breached-passwords.ts'
import { startRangeService } from '../support/stand-ins/range.ts'

const neverSeen = 'ochre lantern 47 quietly'
const seen = 'violet ferry 12 sideways'

interface Given extends Partial<BreachedPasswordsParts> {
  host?: string
  timeoutMs?: number
}

function begin({ host = '', timeoutMs = 20_000, ...rest }: Given) {
  const errors: unknown[] = []
  const isBreached = createIsBreached({
    check: 'range',
    url: `http://${host}/range`,
    fetch: createOutbound({ allowedHosts: [host], timeoutMs, maxBytes: 10_000 }).fetch,
    onError: (error) => errors.push(error),
    ...rest,
  })
  return { isBreached, errors }
}

test('the list that comes with the server knows a password in any case', async (t) => {
  const { isBreached, errors } = begin({ check: 'offline' })
  for (const password of ['password', 'PASSWORD1', 'Iloveyou', 'qwertyuiop', '1q2w3e4r'])
    t.true(await isBreached(password), password)
  t.false(await isBreached(neverSeen))
  t.deepEqual(errors, [])
})

test('off knows no password', async (t) => {
  t.false(await begin({ check: 'off' }).isBreached('password'))
})

test('a range service learns five characters of the SHA-1, and is asked for padding', async (t) => {
  const service = await startRangeService(t, { [seen]: 37, [neverSeen]: 0 })
  const { isBreached, errors } = begin({ host: service.host })
  t.true(await isBreached(seen))
  t.false(await isBreached(neverSeen), 'padding')
  t.true(await isBreached('password'), 'of the list')
  t.deepEqual(
    service.asked.map(({ path }) => path),
    ['/range/E4DCC', '/range/5CBCF'],
  )
  for (const { headers, body } of service.asked) {
    t.is(headers['add-padding'], 'true')
    t.is(body, '')
  }
  t.deepEqual(errors, [])
})

test('a range service that does not answer as it should lets passwords pass, with an error for the log', async (t) => {
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/slow/')) return
    if (request.url?.startsWith('/down/')) response.writeHead(503)
    if (request.url?.startsWith('/away/')) response.writeHead(302, { location: '/range' })
    response.end(request.url?.startsWith('/huge/') ? 'x'.repeat(20_000) : '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const addresses = ['slow', 'down', 'away', 'huge'].map((path) => `http://${host}/${path}`)
  for (const url of [...addresses, 'http://127.0.0.1:1/range', 'https://10.0.0.1/range']) {
    const { isBreached, errors } = begin({ host, url, timeoutMs: 300 })
    t.false(await isBreached(seen), url)
    t.is(errors.length, 1, url)
    t.true(await isBreached('password'), 'the list still counts')
  }
})
