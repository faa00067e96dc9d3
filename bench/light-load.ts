/**
 * A load generator that leaves the processor to the server: requests are bytes that are ready beforehand, and of an
 * answer it reads the status and the length (RFC 9112 §6.2). autocannon takes 0.6 ms for a sign-in, 3 % of what argon2
 * takes for it.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface LightLoad {
  url: string
  connections: number
  milliseconds: number
  /** The next request, whole. */
  next(): Buffer
}

/** Resolves to the milliseconds that each answer took, in rising order; rejects when one is not 200. */
export async function lightLoad(load: LightLoad): Promise<number[]> {
  const { hostname, port } = new URL(load.url)
  const until = performance.now() + load.milliseconds
  const latencies: number[] = []
  const connection = async (): Promise<void> => {
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    while (performance.now() < until) {
      const started = performance.now()
      socket.write(load.next())
      await answer(socket)
      latencies.push(performance.now() - started)
    }
    socket.destroy()
  }
  await Promise.all(Array.from({ length: load.connections }, connection))
  return latencies.toSorted((a, b) => a - b)
}

async function answer(socket: Socket): Promise<void> {
  let text = ''
  for (;;) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    text += chunk.toString('latin1')
    const head = text.indexOf('\r\n\r\n')
    if (head < 0) continue
    if (!text.startsWith('HTTP/1.1 200')) throw new Error(text.slice(0, head))
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1])
    if (text.length >= head + 4 + length) return
  }
}

export const bytesOf = (url: string, path: string, body: object): Buffer => {
  const json = JSON.stringify(body)
  const lines = [
    `POST ${path} HTTP/1.1`,
    `Host: ${new URL(url).host}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(json)}`,
    '',
    json,
  ]
  return Buffer.from(lines.join('\r\n'))
}
