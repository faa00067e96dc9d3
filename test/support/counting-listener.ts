import { createServer, type AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'

/** Listens on every address of this machine and counts the TCP connections that it accepts. */
export interface CountingListener {
  port: number
  accepted: number
}

export async function countingListener(
  t: Pick<ExecutionContext, 'teardown'>,
): Promise<CountingListener> {
  const server = createServer((socket) => {
    listener.accepted += 1
    socket.on('error', () => {})
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, resolve))
  t.teardown(() => void server.close())
  const listener = { port: (server.address() as AddressInfo).port, accepted: 0 }
  return listener
}

/** Ways to write a host that leads to this machine, by number or by name. */
const spellings = [
  '127.0.0.1',
  '127.1',
  '127.0.0.1.',
  '127。0。0。1',
  '0',
  '0.0.0.0',
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '0177.0.0.1',
  'localhost',
  'LOCALHOST.',
  'stranger.localhost',
  'example.com@127.0.0.1',
  '[::]',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::127.0.0.1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
]

export const urlsToUs = (port: number): string[] =>
  spellings.flatMap((host) => [`https://${host}:${port}/`, `http://${host}:${port}/`])
