import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Teardown } from '../support/trials.ts'

/** A wire between the server and something that it needs, on which everything can happen that happens to wires. */
export interface Proxy {
  port: number
  /** All is well; what was held arrives now. */
  pass(): void
  /** Accepts, and carries nothing in either direction: neither an answer nor an end. */
  silence(): void
  /** Falls silent as soon as it has carried a chunk with this text to the other side. */
  silenceAfter(text: string): void
  /** Carries every answer so much later. */
  delay(ms: number): void
  /** Breaks every connection, and each new one as soon as it is made. */
  refuse(): void
  /** Breaks the connections that there are. */
  cut(): void
}

type Mode = 'pass' | 'silent' | 'refuse'

export async function startProxy(t: Teardown, target: number): Promise<Proxy> {
  const pairs = new Set<Pair>()
  let mode: Mode = 'pass'
  let delayMs = 0
  let trigger: string | undefined
  const turn = (to: Mode): void => {
    mode = to
    for (const pair of pairs) pair.setSilent(mode === 'silent')
  }
  const cut = (): void => {
    for (const pair of pairs) pair.cut()
  }

  const server = createServer((client) => {
    if (mode === 'refuse') {
      client.destroy()
      return
    }
    const pair = createPair(client, {
      target,
      delayMs: () => delayMs,
      onRequest(chunk) {
        if (trigger === undefined || !chunk.includes(trigger)) return
        trigger = undefined
        turn('silent')
      },
    })
    pairs.add(pair)
    client.once('close', () => pairs.delete(pair))
    pair.setSilent(mode === 'silent')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    cut()
  })
  return {
    port: (server.address() as AddressInfo).port,
    pass() {
      delayMs = 0
      trigger = undefined
      turn('pass')
    },
    silence: () => turn('silent'),
    silenceAfter: (text) => void (trigger = text),
    delay: (ms) => void (delayMs = ms),
    refuse() {
      turn('refuse')
      cut()
    },
    cut,
  }
}

interface Pair {
  setSilent(isSilent: boolean): void
  cut(): void
}

interface PairParts {
  target: number
  delayMs(): number
  /** Called with what the client has sent, once it is on its way. */
  onRequest(chunk: Buffer): void
}

function createPair(client: Socket, { target, delayMs, onRequest }: PairParts): Pair {
  const server = connect(target, '127.0.0.1')
  const both = [client, server]
  const cut = (): void => both.forEach((socket) => socket.destroy())
  for (const socket of both) socket.setNoDelay(true).on('error', cut).on('close', cut)
  client.on('data', (chunk: Buffer) => {
    server.write(chunk)
    onRequest(chunk)
  })
  // Timers of one length end in their order.
  server.on('data', (chunk: Buffer) => {
    if (delayMs() === 0) client.write(chunk)
    else setTimeout(() => client.write(chunk), delayMs())
  })
  return {
    setSilent: (isSilent) =>
      both.forEach((socket) => (isSilent ? socket.pause() : socket.resume())),
    cut,
  }
}
