import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * A free port of 127.0.0.1, below those that the system gives to outgoing connections, so that none of these takes it
 * meanwhile, and above 10080, the last one that `fetch` refuses to call (Fetch standard, “bad port”).
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const probe = createServer()
    const port = randomInt(10_081, 30_000)
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))
    })
    await new Promise((resolve) => probe.close(resolve))
    if (isFree) return port
  }
}
