import { lookup } from 'node:dns'
import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/**
 * Fetches JSON from an address that somebody has given us. No connection to loopback, a private network or another
 * special-purpose address (RFC 6890): the addresses that the name resolves to are judged, and the connection goes to one
 * of these, so that a resolver that changes its mind gains nothing. No redirects, a time limit for the whole, and a limit
 * to the size.
 */
export type GetJson = (url: string) => Promise<unknown>

export interface GuardedFetchOptions {
  /** `host:port` pairs (the port left out when it is the scheme's own) that may be on such addresses. */
  allowedHosts: readonly string[]
  timeoutMs: number
  maxBytes: number
}

/** The function rejects with a reason for the log, for every answer but 200 too. */
export function createGuardedFetch(options: GuardedFetchOptions): GetJson {
  return async (address) => {
    const url = new URL(address)
    const isAllowed = options.allowedHosts.includes(url.host)
    const host = url.hostname.replace(/^\[|\]$/g, '')
    if (!isAllowed && isIP(host) !== 0 && isSpecial(host)) throw new SpecialAddress(host)
    const response = await get(url, {
      signal: AbortSignal.timeout(options.timeoutMs),
      lookup: isAllowed ? lookup : lookupGuarded,
    })
    try {
      if (response.statusCode !== 200)
        throw new Error(`${url.host} answered ${response.statusCode}`)
      return JSON.parse(await readText(response, options.maxBytes)) as unknown
    } finally {
      response.destroy()
    }
  }
}

class SpecialAddress extends Error {
  constructor(host: string) {
    super(`${host} is on a private or special-purpose address`)
    this.name = 'SpecialAddress'
  }
}

function get(
  url: URL,
  options: { signal: AbortSignal; lookup: LookupFunction },
): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    request(url, { ...options, agent: false, headers: { accept: 'application/json' } }, resolve)
      .on('error', reject)
      .end()
  })
}

async function readText(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) throw new Error(`the answer is larger than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const lookupGuarded: LookupFunction = (host, options, callback) =>
  lookup(host, options, (error, found, family) => {
    const addresses = Array.isArray(found) ? found.map(({ address }) => address) : [found]
    if (!error && addresses.some(isSpecial)) callback(new SpecialAddress(host), '')
    else callback(error, found, family)
  })

/** The IANA special-purpose registries, multicast, and what carries an IPv4 address inside; `::ffff:a.b.c.d` counts as a.b.c.d. */
const special = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  special.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of [
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 9],
  ['ff00::', 8],
] as const)
  special.addSubnet(network, prefix, 'ipv6')

/** For tests; `address` is an IPv4 or IPv6 address without brackets. */
export const isSpecial = (address: string): boolean =>
  special.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
