import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { ExecutionContext } from 'ava'

/** A way to a server through a port of the test's own, on which the server can fall silent without a word. */
export interface Proxy {
  port: number
  /**
   * From now on nothing arrives any more: no request (`requests`), or no answer while requests still do (`answers`).
   * Connections stay open, and new ones are taken and get no answer.
   */
  silence(what: 'requests' | 'answers'): void
  /** Silent as soon as a client sends this text, which does not arrive. */
  silenceAt(text: string): void
  /** From now on every answer is late by so much. */
  delay(ms: number): void
  /** New connections work again. What was under way stays silent forever, as behind a firewall that has forgotten it. */
  resume(): void
}

/** Stands before the server at `port` of 127.0.0.1; gone when the test ends. */
export async function openProxy(t: ExecutionContext, port: number): Promise<Proxy> {
  let isSilent = { requests: false, answers: false }
  let trigger: string | undefined
  let delayMs = 0
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    const silent = isSilent
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
    client.on('data', (data) => {
      if (trigger !== undefined && data.includes(trigger)) silent.requests = silent.answers = true
      if (!silent.requests) upstream.write(data)
    })
    upstream.on('data', (data) => {
      if (silent.answers) return
      if (delayMs > 0) setTimeout(() => client.write(data), delayMs)
      else client.write(data)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    port: (server.address() as AddressInfo).port,
    silence(what) {
      isSilent.answers = true
      if (what === 'requests') isSilent.requests = true
    },
    silenceAt: (text) => (trigger = text),
    delay: (ms) => (delayMs = ms),
    resume() {
      delayMs = 0
      trigger = undefined
      isSilent = { requests: false, answers: false }
    },
  }
}
