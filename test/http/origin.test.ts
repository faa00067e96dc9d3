import test, { type ExecutionContext } from 'ava'
import { request } from 'node:http'
import { json } from 'node:stream/consumers'
import type { Middleware } from '#http/context.ts'
import { settleOrigin } from '#http/origin.ts'
import { serve } from './serve.ts'

const echo: Middleware = (ctx) => {
  ctx.body = {
    address: ctx.state.address,
    ip: ctx.ip,
    origin: `${ctx.protocol}://${ctx.host}`,
    url: ctx.originalUrl,
    headers: ctx.req.headers,
  }
}

interface Echo {
  address: string
  ip: string
  origin: string
  url: string
  headers: Record<string, string>
}

async function ask(
  t: ExecutionContext,
  trusted: string,
  { headers = {}, path = '/a?b=c' }: { headers?: Record<string, string>; path?: string } = {},
): Promise<Echo> {
  const origin = await serve(t, settleOrigin('https://id.example.com', trusted), echo)
  return new Promise((resolve, reject) => {
    const { port } = new URL(origin)
    request({ host: '127.0.0.1', port, path, headers }, (res) => {
      json(res).then((body) => resolve(body as Echo), reject)
    })
      .on('error', reject)
      .end()
  })
}

const addressOf = async (t: ExecutionContext, trusted: string, forwardedFor: string) => {
  const { address, ip } = await ask(t, trusted, { headers: { 'x-forwarded-for': forwardedFor } })
  t.is(ip, address, 'the engine sees the same address')
  return address
}

test('without trusted proxies the sender is the peer, whatever the header says', async (t) => {
  t.is(await addressOf(t, '0', '203.0.113.7'), '127.0.0.1')
  t.is(await addressOf(t, '0', '203.0.113.7, 198.51.100.1'), '127.0.0.1')
})

test('with one trusted hop the sender is the last entry, and forged entries before it do not count', async (t) => {
  t.is(await addressOf(t, '1', '203.0.113.7'), '203.0.113.7')
  t.is(await addressOf(t, '1', '6.6.6.6, 203.0.113.7'), '203.0.113.7')
  t.is(await addressOf(t, '2', '6.6.6.6, 203.0.113.7, 10.0.0.1'), '203.0.113.7')
})

test('with trusted ranges the sender is the first from the right that is not in one', async (t) => {
  const trusted = '127.0.0.0/8, 10.0.0.0/8'
  t.is(await addressOf(t, trusted, '203.0.113.7, 10.1.2.3'), '203.0.113.7')
  t.is(await addressOf(t, trusted, '6.6.6.6, 203.0.113.7, 10.1.2.3'), '203.0.113.7')
  t.is(await addressOf(t, '10.0.0.0/8', '203.0.113.7'), '127.0.0.1', 'the peer is no proxy')
})

test('a garbled header falls back to the peer', async (t) => {
  const several = ['unknown', '<script>', '999.1.1.1', ',', "'; --", '203.0.113.7:', ':80', '[]:80']
  for (const garbled of [
    ...several,
    '203.0.113.7:1:2',
    '[203.0.113.7',
    '2001:db8::7]:80',
    '[x]:80',
  ])
    t.is(await addressOf(t, '1', garbled), '127.0.0.1', garbled)
})

test('an IPv6 sender is taken, and an IPv4 one in IPv6 clothes is the IPv4 one', async (t) => {
  t.is(await addressOf(t, '1', '2001:db8::7'), '2001:db8::7')
  t.is(await addressOf(t, '1', '::ffff:203.0.113.7'), '203.0.113.7')
})

test('a port that the proxy has added is left out', async (t) => {
  t.is(await addressOf(t, '1', '203.0.113.7:50000'), '203.0.113.7')
  t.is(await addressOf(t, '1', '[2001:db8::7]:50000'), '2001:db8::7')
  t.is(await addressOf(t, '1', '[2001:db8::7]'), '2001:db8::7')
  t.is(await addressOf(t, '2', '6.6.6.6:1, 203.0.113.7:50000 , 10.0.0.1:443'), '203.0.113.7')
  t.is(await addressOf(t, '127.0.0.0/8, 10.0.0.0/8', '203.0.113.7:1, 10.0.0.1:2'), '203.0.113.7')
})

test('every spelling of an address is one address', async (t) => {
  for (const spelling of [
    '2001:DB8::7',
    '2001:0db8:0:0::7',
    '[2001:db8:0:0:0:0:0:7]:80',
    '2001:db8::7%a',
  ])
    t.is(await addressOf(t, '1', spelling), '2001:db8::7', spelling)
  t.is(await addressOf(t, '1', '::ffff:cb00:7107'), '203.0.113.7')
})

test('our own address is the issuer’s, whatever Host and the forwarded headers say', async (t) => {
  const { origin, headers } = await ask(t, '1', {
    headers: {
      host: 'evil.example',
      forwarded: 'host=evil.example;proto=http',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
      'x-forwarded-port': '81',
      'x-forwarded-prefix': '/evil',
    },
  })
  t.is(origin, 'https://id.example.com')
  t.false(JSON.stringify(headers).includes('evil'))
})

test('a request target that names a host is taken by its path alone', async (t) => {
  const { url, origin } = await ask(t, '0', { path: 'http://evil.example/a?b=c' })
  t.is(url, '/a?b=c')
  t.is(origin, 'https://id.example.com')
})
