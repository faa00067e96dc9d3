import { lookup as resolve, type LookupAddress, type LookupOptions } from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/**
 * Requests to addresses that others have chosen: a provider's endpoints, its keys. Every one has a deadline for the whole
 * of it, a bound on the answer, and follows no redirect. Only https, and only to public addresses: what a name resolves
 * to is checked at the moment of connecting, so that a second answer of the resolver (rebinding) changes nothing. Hosts
 * that the operator lists are excepted from both.
 */
export interface Outbound {
  /** Rejects with OutboundRefused before anything is sent, or with the network's error. */
  fetch(url: string | URL, init?: OutboundInit): Promise<Response>
  /** The JSON of an answer; rejects for every answer but 200 too, with a reason for the log. */
  getJson: GetJson
  /** Throws OutboundRefused for an address that must not be asked. */
  check(url: string | URL): void
  /** For other HTTP clients of Node: resolves names to public addresses only. Use `check` as well. */
  lookupFor(url: string | URL): typeof lookupPublic | undefined
}

export type GetJson = (url: string) => Promise<unknown>

export interface OutboundInit {
  method?: string
  headers?: Record<string, string>
  body?: string
}

export interface OutboundOptions {
  /** `host:port` (or a host on its usual port) that may be private and may speak http. */
  allowedHosts: readonly string[]
  timeoutMs?: number
  maxBytes?: number
}

export class OutboundRefused extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'OutboundRefused'
  }
}

export function createOutbound({
  allowedHosts,
  timeoutMs = 5000,
  maxBytes = 512 * 1024,
}: OutboundOptions): Outbound {
  const isAllowed = (url: URL): boolean => allowedHosts.includes(url.host)
  const check = (address: string | URL): void => {
    const url = new URL(address)
    if (isAllowed(url)) return
    if (url.protocol !== 'https:') throw new OutboundRefused('only https addresses are fetched')
    const host = url.hostname.replace(/^\[|\]$/g, '')
    if (isIP(host) !== 0 && !isPublic(host)) throw new OutboundRefused('not a public address')
  }
  const lookupFor = (address: string | URL) =>
    isAllowed(new URL(address)) ? undefined : lookupPublic

  const fetch: Outbound['fetch'] = async (address, init = {}) => {
    const url = new URL(address)
    check(url)
    return request(url, init, { lookup: lookupFor(url), timeoutMs, maxBytes })
  }

  return {
    check,
    lookupFor,
    fetch,
    async getJson(url) {
      const answer = await fetch(url)
      if (answer.status !== 200) throw new Error(`${new URL(url).host} answered ${answer.status}`)
      return answer.json()
    },
  }
}

interface Limits {
  lookup: typeof lookupPublic | undefined
  timeoutMs: number
  maxBytes: number
}

function request(
  url: URL,
  { method = 'GET', headers = {}, body }: OutboundInit,
  { lookup, timeoutMs, maxBytes }: Limits,
): Promise<Response> {
  const { promise, resolve: settle, reject } = Promise.withResolvers<Response>()
  const options: https.RequestOptions = {
    method,
    // One connection a request: a kept one could be a private address's that another request was allowed.
    agent: false,
    headers: { 'user-agent': 'yumen', accept: 'application/json', ...headers },
    signal: AbortSignal.timeout(timeoutMs),
    ...(lookup && { lookup }),
  }
  const sent = (url.protocol === 'https:' ? https : http).request(url, options, (answer) => {
    const chunks: Buffer[] = []
    let size = 0
    answer.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > maxBytes) answer.destroy(new Error(`the answer has more than ${maxBytes} bytes`))
      else chunks.push(chunk)
    })
    answer.on('error', reject)
    answer.on('end', () => settle(toResponse(answer, Buffer.concat(chunks))))
  })
  sent.on('error', reject)
  sent.end(body)
  return promise
}

function toResponse({ statusCode = 502, headers }: http.IncomingMessage, body: Buffer): Response {
  const hasBody = ![101, 204, 205, 304].includes(statusCode)
  return new Response(hasBody ? new Uint8Array(body) : null, {
    status: statusCode,
    headers: { 'content-type': headers['content-type'] ?? '' },
  })
}

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void

/** `dns.lookup` that knows only public addresses. */
function lookupPublic(hostname: string, options: LookupOptions, done: LookupCallback): void {
  resolve(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return done(error, [])
    const open = addresses.filter(({ address }) => isPublic(address))
    const [first] = open
    if (!first) return done(new OutboundRefused(`${hostname} is not a public address`), [])
    return options.all ? done(null, open) : done(null, first.address, first.family)
  })
}

/** Whether an address is of the open internet: neither private, local, reserved nor one that hides such a one. */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  return ipaddr.process(address).range() === 'unicast'
}
