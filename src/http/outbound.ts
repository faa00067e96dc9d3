import { lookup, type LookupAddress, type LookupOptions } from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import { isIP } from 'node:net'
import { arrayBuffer } from 'node:stream/consumers'
import { callStep } from '#lib/tracing.ts'
import { isPublic } from './public-address.ts'

/**
 * Requests to URLs that others choose: a client's `jwks_uri`, a provider's endpoints. Each has a deadline for the whole
 * exchange and a bound on the answer, and follows no redirect. Only https, and only to public addresses. The address is
 * checked before a connection is opened, and it is the one that is connected to, so a second DNS answer (rebinding)
 * changes nothing. Hosts that the operator lists are exempt from both rules.
 */
export interface Outbound {
  /** Rejects with OutboundRefused before anything is sent, or with the network's error. */
  fetch(url: string | URL, init?: OutboundInit): Promise<Response>
  /** The JSON of an answer; rejects for every answer but 200 too, with a reason for the log. */
  getJson: GetJson
  /** Throws OutboundRefused for a URL that must not be fetched, as far as that shows without DNS. */
  check(url: string | URL): void
  /** Connects one request of another HTTP client, under the same rules; `maxBytes` bounds its answer. */
  agentFor(url: string | URL, maxBytes: number): http.Agent
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
  /** Of an answer, its head included. */
  maxBytes?: number
  /** Resolves names; `dns.lookup` unless a test has its own. */
  resolve?: typeof lookup
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
  maxBytes: usualMaxBytes = 512 * 1024,
  resolve = lookup,
}: OutboundOptions): Outbound {
  const isAllowed = (url: URL): boolean => allowedHosts.includes(url.host)
  const check = (address: string | URL): void => {
    const url = new URL(address)
    if (isAllowed(url)) return
    if (url.protocol !== 'https:') throw new OutboundRefused('only https addresses are fetched')
    checkHost(url.hostname.replace(/^\[|\]$/g, ''))
  }
  const agentFor = (address: string | URL, maxBytes: number): http.Agent => {
    const url = new URL(address)
    // One for each request, so that none is sent on a connection that was opened under other rules.
    const agent = url.protocol === 'https:' ? new https.Agent() : new http.Agent()
    guard(agent, maxBytes, isAllowed(url) ? undefined : resolve)
    return agent
  }

  const fetch: Outbound['fetch'] = async (address, init = {}) => {
    const url = new URL(address)
    check(url)
    const signal = AbortSignal.timeout(timeoutMs)
    const limits = { agent: agentFor(url, usualMaxBytes), signal }
    return callStep({ url, method: init.method ?? 'GET' }, (more) =>
      request(url, { ...init, headers: { ...init.headers, ...more } }, limits),
    )
  }

  return {
    check,
    agentFor,
    fetch,
    async getJson(url) {
      const answer = await fetch(url)
      if (answer.status !== 200) throw new Error(`${new URL(url).host} answered ${answer.status}`)
      return answer.json()
    },
  }
}

function checkHost(host: string): void {
  if (isIP(host) !== 0 && !isPublic(host)) throw new OutboundRefused('not a public address')
}

/**
 * The last place before the socket: whatever the spelling was, here it is a number or a name to resolve. The answer is
 * counted here too, because not every client of an agent counts.
 */
function guard(agent: http.Agent, maxBytes: number, resolve: typeof lookup | undefined): void {
  const connect = agent.createConnection.bind(agent)
  agent.createConnection = (options, done) => {
    if (resolve) checkHost(options.host ?? '')
    const socket = connect({ ...options, ...(resolve && { lookup: publicLookup(resolve) }) }, done)
    let size = 0
    socket?.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > maxBytes) socket.destroy(new Error(`the answer has more than ${maxBytes} bytes`))
    })
    return socket
  }
}

function request(
  url: URL,
  { method = 'GET', headers = {}, body }: OutboundInit,
  limits: { agent: http.Agent; signal: AbortSignal },
): Promise<Response> {
  const { promise, resolve: settle, reject } = Promise.withResolvers<Response>()
  const sent = (url.protocol === 'https:' ? https : http).request(url, {
    ...limits,
    method,
    headers: { 'user-agent': 'yumen', accept: 'application/json', ...headers },
  })
  sent.on('response', (answer) => {
    void arrayBuffer(answer)
      .then((bytes) => toResponse(answer, bytes))
      .then(settle, reject)
  })
  // Without a listener Node drops the request and never says so, not even at the deadline.
  sent.on('upgrade', (_answer, socket) => {
    socket.destroy()
    reject(new Error('the answer changes the protocol'))
  })
  sent.on('error', reject)
  sent.end(body)
  return promise
}

/** What an answer is, and how long it may be kept. */
const keptHeaders = ['content-type', 'cache-control', 'expires'] as const

/** Throws for a status that is none (600 and more). */
function toResponse(
  { statusCode = 502, headers }: http.IncomingMessage,
  bytes: ArrayBuffer,
): Response {
  const hasBody = ![101, 204, 205, 304].includes(statusCode)
  const kept = new Headers()
  for (const name of keptHeaders) if (headers[name] !== undefined) kept.set(name, headers[name])
  return new Response(hasBody ? bytes : null, { status: statusCode, headers: kept })
}

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void

/** `dns.lookup` that knows only public addresses. */
export const publicLookup =
  (resolve: typeof lookup) =>
  (hostname: string, options: LookupOptions, done: LookupCallback): void => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, [])
      const open = addresses.filter(({ address }) => isPublic(address))
      const [first] = open
      if (!first) return done(new OutboundRefused(`${hostname} is not a public address`), [])
      return options.all ? done(null, open) : done(null, first.address, first.family)
    })
  }
