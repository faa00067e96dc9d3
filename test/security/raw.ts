import { connect } from 'node:net'
import type { Answer } from './journey.ts'

/** A request with nothing between us and the socket: any bytes for a path, any Host, headers twice. */
export interface RawRequest {
  method?: string
  /** As it goes out, one byte a character. */
  path: string
  headers?: [string, string][]
  body?: string
}

/** Sends it and reads to the end. An answer that is no HTTP has status 0. */
export async function sendRaw(
  issuer: string,
  { method = 'GET', path, headers = [], body }: RawRequest,
): Promise<Answer> {
  const { hostname, port, host } = new URL(issuer)
  const names = new Set(headers.map(([name]) => name.toLowerCase()))
  const lines = [
    ...(names.has('host') ? [] : [['host', host]]),
    ...headers,
    ...(body === undefined || names.has('transfer-encoding')
      ? []
      : [['content-length', String(Buffer.byteLength(body, 'latin1'))]]),
    ['connection', 'close'],
  ].map(([name, value]) => `${name}: ${value}\r\n`)
  const request = `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`
  const socket = connect(Number(port), hostname === 'localhost' ? '127.0.0.1' : hostname)
  // Not `end`: Node drops a request whose sender has closed its half.
  socket.write(Buffer.from(request, 'latin1'))
  const chunks: Buffer[] = []
  // A server that refuses a long body may close while we still write.
  socket.on('error', () => undefined)
  socket.on('data', (chunk) => chunks.push(chunk))
  await new Promise((resolve) => socket.on('close', resolve))
  return answerOf(Buffer.concat(chunks).toString('utf8'))
}

function answerOf(text: string): Answer {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = new Headers()
  for (const line of lines)
    headers.append(line.split(': ')[0]!, line.split(': ').slice(1).join(': '))
  return {
    status: Number(statusLine.split(' ')[1] ?? 0),
    headers,
    text: rest.join('\r\n\r\n'),
    json: {},
  }
}
