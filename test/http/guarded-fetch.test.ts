import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'ava'
import { createGuardedFetch, isSpecial } from '#http/guarded-fetch.ts'
import { startIssuer } from '../support/issuer.ts'

const limits = { timeoutMs: 20_000, maxBytes: 256 * 1024 }

test('an address that the operator has listed is fetched', async (t) => {
  const { host, jwksUri, jwk } = await startIssuer(t)
  const get = createGuardedFetch({ ...limits, allowedHosts: [host] })
  t.deepEqual(await get(jwksUri), { keys: [jwk] })
})

test('loopback and private addresses are not connected to, however they are written', async (t) => {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(String(request.url))
    response.end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const get = createGuardedFetch({ ...limits, allowedHosts: ['localhost:1'] })
  for (const host of ['127.0.0.1', 'localhost', '0x7f.1', '2130706433', '[::1]', '[::ffff:7f00:1]'])
    await t.throwsAsync(get(`http://${host}:${port}/`), { name: 'SpecialAddress' }, host)
  t.deepEqual(seen, [])
})

test('every special-purpose network is known, and public addresses are let through', (t) => {
  for (const address of [
    '10.1.2.3',
    '100.64.0.1',
    '169.254.169.254',
    '172.31.255.255',
    '192.168.0.1',
    '0.0.0.0',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:10.0.0.1',
    '64:ff9b::a00:1',
    '2002:a00:1::',
    'fd00::1',
    'fe80::1',
    'fec0::1',
    'ff02::1',
  ])
    t.true(isSpecial(address), address)
  for (const address of [
    '8.8.8.8',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700::1111',
    '::ffff:8.8.8.8',
  ])
    t.false(isSpecial(address), address)
})

test('an issuer that is down, slow, too large, garbled or elsewhere is an error', async (t) => {
  const issuer = await startIssuer(t)
  for (const behaviour of ['down', 'slow', 'huge', 'redirect', 'garbled'] as const) {
    issuer.behaviour = behaviour
    const timeoutMs = behaviour === 'slow' ? 300 : limits.timeoutMs
    const get = createGuardedFetch({ ...limits, timeoutMs, allowedHosts: [issuer.host] })
    await t.throwsAsync(get(issuer.jwksUri), undefined, behaviour)
  }
})
