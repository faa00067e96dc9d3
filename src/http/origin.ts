import { isIP } from 'node:net'
import proxyAddr from 'proxy-addr'
import type { IncomingMessage } from 'node:http'
import type { Middleware } from './context.ts'

const forwarded = ['forwarded', 'x-forwarded-for', 'x-forwarded-port', 'x-forwarded-prefix']

/**
 * Settles two questions before anything else looks at the request: who sent it, and under which address we answer.
 *
 * The sender is taken from `X-Forwarded-For` only as far as the trusted proxies reach; a garbled header falls back to
 * the socket's peer. Our own address is ISSUER, whatever `Host` or `X-Forwarded-*` say: links, cookies and token
 * audiences are made from it, and a forged header must not move them (Zitadel CVE-2023-49097 and its kin).
 */
export function settleOrigin(issuer: string, trustedProxies: string): Middleware {
  const { protocol, host } = new URL(issuer)
  const trust = trustOf(trustedProxies)
  return (ctx, next) => {
    ctx.request.ip = ctx.state.address = addressOf(ctx.req, trust)
    ctx.req.url = ctx.originalUrl = ctx.request.originalUrl = targetOf(ctx.req.url)
    for (const name of forwarded) delete ctx.req.headers[name]
    ctx.req.headers.host = host
    ctx.req.headers['x-forwarded-host'] = host
    ctx.req.headers['x-forwarded-proto'] = protocol.slice(0, -1)
    return next()
  }
}

/** A request target may name a host of its own (absolute-form, RFC 9112 §3.2.2); only path and query count. */
function targetOf(url = ''): string {
  const target = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '')
  return target.startsWith('/') ? target : `/${target}`
}

type Trust = (address: string, hop: number) => boolean

function trustOf(setting: string): Trust {
  if (/^\d+$/.test(setting)) return (_address, hop) => hop < Number(setting)
  return proxyAddr.compile(setting.split(',').map((part) => part.trim()))
}

function addressOf(req: IncomingMessage, trust: Trust): string {
  const peer = req.socket.remoteAddress ?? ''
  const address = proxyAddr(req, trust)
  return plain(isIP(address) === 0 ? peer : address)
}

/** An IPv4 address that came over an IPv6 socket, as the IPv4 address that it is. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '')
