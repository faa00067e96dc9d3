import { createSocket } from 'node:dgram'
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * A free port of 127.0.0.1, below those that the system gives to outgoing connections, so that none of these takes it
 * meanwhile, and above 10080, the last one that `fetch` refuses to call (Fetch standard, “bad port”).
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_081, 30_000)
    if ((await reserve(port)) && (await isFree(port))) return port
  }
}

/**
 * Seconds may pass between the look and the use. Until this process ends it holds the UDP port of the same number, which
 * no one else can have: so no other test process is given the port.
 */
function reserve(port: number): Promise<boolean> {
  const socket = createSocket('udp4').unref()
  return new Promise((resolve) => {
    socket.once('error', () => resolve(false))
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => resolve(true))
  })
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer()
  const free = await new Promise<boolean>((resolve) => {
    probe.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))
  })
  await new Promise((resolve) => probe.close(resolve))
  return free
}
