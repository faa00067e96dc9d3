import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * A free port of 127.0.0.1, below those that the system gives to outgoing connections, so that none of these takes it
 * meanwhile, and above 10080, the last one that `fetch` refuses to call (Fetch standard, “bad port”).
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = first + randomInt(portsOfProcess)
    if (given.has(port)) continue
    const probe = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))
    })
    await new Promise((resolve) => probe.close(resolve))
    if (!isFree || given.has(port)) continue
    given.add(port)
    return port
  }
}

/** Between the look and the use nobody else may come: processes beside each other draw from ports of their own. */
const processes = 24
const portsOfProcess = Math.floor((30_000 - 10_081) / processes)
const first = 10_081 + (process.pid % processes) * portsOfProcess
const given = new Set<number>()
