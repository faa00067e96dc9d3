import type { ExecutionContext } from 'ava'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fixture } from '../support/start.ts'

/** Where one instance itself listens; the issuer of two side by side is the same address. */
export const portOf = ({ server, config }: Fixture): string =>
  `http://localhost:${server.port}${config.basePath}`

/** Asks again and again until the answer is yes; rejects after so many seconds. */
export async function until(question: () => Promise<boolean>, seconds = 20): Promise<void> {
  const deadline = Date.now() + seconds * 1000
  while (!(await question())) {
    if (Date.now() > deadline) throw new Error(`it did not become true in ${seconds} s`)
    await sleep(100)
  }
}

export interface Balancer {
  address: string
  /** Sends each request to the next of these ports. */
  spreadOver(ports: number[]): void
  /** How many requests each port has got. */
  counts: Map<number, number>
}

/** A load balancer without stickiness: every request goes to another instance than the one before. */
export async function balancer(t: ExecutionContext): Promise<Balancer> {
  let ports: number[] = []
  let turn = 0
  const counts = new Map<number, number>()
  const server = createServer((req, res) => {
    const port = ports[turn++ % ports.length]!
    counts.set(port, (counts.get(port) ?? 0) + 1)
    const options = { host: '127.0.0.1', port, path: req.url, method: req.method }
    const inner = request({ ...options, headers: req.headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(res)
    })
    inner.on('error', () => res.writeHead(502).end())
    req.pipe(inner)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    address: `http://localhost:${(server.address() as AddressInfo).port}`,
    spreadOver: (given) => void (ports = given),
    counts,
  }
}
