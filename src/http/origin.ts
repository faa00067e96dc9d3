import proxyAddr from 'proxy-addr'
import type { IncomingMessage } from 'node:http'
import { canonicalAddress } from '#lib/addresses.ts'
import type { Middleware } from './context.ts'

const forwarded = ['forwarded', 'x-forwarded-for', 'x-forwarded-port', 'x-forwarded-prefix']

/**
 * Settles two questions before anything else looks at the request: who sent it, and under which address we answer.
 *
 * The sender is taken from `X-Forwarded-For` only as far as the trusted proxies reach; a garbled header falls back to
 * the socket's peer. The address is in canonical form from here on. Our own address is ISSUER, whatever `Host` or
 * `X-Forwarded-*` say: links, cookies and token audiences are made from it, and a forged header must not move them
 * (Zitadel CVE-2023-49097 and its kin).
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
  const entries = String(req.headers['x-forwarded-for'] ?? '').split(',')
  req.headers['x-forwarded-for'] = entries.map(withoutPort).join(',')
  return (
    canonicalAddress(proxyAddr(req, trust)) ??
    canonicalAddress(req.socket.remoteAddress ?? '') ??
    ''
  )
}

/** Some proxies, such as Azure's, append the port: `192.0.2.1:50000`, `[2001:db8::1]:50000`. */
function withoutPort(entry: string): string {
  const found = /^\s*(?:([\d.]+):\d+|\[([^\]]+)\](?::\d+)?)\s*$/.exec(entry)
  return found?.[1] ?? found?.[2] ?? entry
}
