import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** The socket that takes requests, and its orderly end. */
export interface Listener {
  port: number
  /** Resolves when no connection has come for half a second, or after `timeoutMs`. */
  quiet(timeoutMs: number): Promise<void>
  /**
   * Accepts nothing new, closes idle connections now and busy ones when they have their answer; what is left after
   * `timeoutMs` is cut. Resolves when all are closed.
   */
  drain(timeoutMs: number): Promise<void>
}

/**
 * How long the headers and the whole request may take to arrive, and how often Node checks. A slower client gets 408 and its
 * connection is closed (slowloris). The largest body that we read is 100 KB.
 */
const arrival = {
  headersTimeout: 15_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1000,
}
const keepAliveMs = 75_000
const quietMs = 500

export async function listen(
  handler: RequestListener,
  address: { port: number; host: string | undefined },
  limits = arrival,
): Promise<Listener> {
  let draining = false
  const server = createServer(limits, (req, res) => {
    if (draining) res.setHeader('Connection', 'close')
    handler(req, res)
  })
  const sockets = new Set<Socket>()
  let lastOpenedAt = -Infinity
  const isQuiet = (): boolean => performance.now() - lastOpenedAt >= quietMs
  server.on('connection', (socket: Socket) => {
    lastOpenedAt = performance.now()
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const closeIdle = (): void => {
    server.closeIdleConnections()
    // Node takes a connection that has sent nothing yet (a browser's reserve) for a busy one.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
  }
  // Longer than proxies keep an idle connection (60 s is usual): anyone who closes first must not be us, or a request that
  // is on its way meets a closed door.
  server.keepAliveTimeout = keepAliveMs
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(address, resolve)
  })

  return {
    port: (server.address() as AddressInfo).port,
    async quiet(timeoutMs) {
      const deadline = performance.now() + timeoutMs
      while (!isQuiet() && performance.now() < deadline) await sleep(50)
    },
    async drain(timeoutMs) {
      draining = true
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      const idle = setInterval(closeIdle, 50)
      const limit = setTimeout(() => server.closeAllConnections(), timeoutMs)
      await closed
      clearInterval(idle)
      clearTimeout(limit)
    },
  }
}
