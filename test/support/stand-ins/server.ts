import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'

/** A vendor on loopback: what it is asked, and what it answers. */
export interface StandIn {
  url: string
  host: string
  /** Every request so far. */
  asked: Asked[]
}

export interface Asked {
  method: string
  path: string
  query: URLSearchParams
  headers: IncomingMessage['headers']
  /** As it came. */
  body: string
  form: URLSearchParams
}

export interface Reply {
  status?: number
  headers?: Record<string, string>
  /** Text, or what becomes JSON. */
  body?: unknown
  /** `application/json` unless the vendor sends another one. */
  type?: string
}

type Answer = (asked: Asked) => Reply | Promise<Reply>

/** Answers by `METHOD /path`; 404 for whatever else. */
export async function standIn(
  t: Pick<ExecutionContext, 'teardown'>,
  answers: Record<string, Answer>,
): Promise<StandIn> {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const url = new URL(request.url!, 'http://stand-in')
      const body = Buffer.concat(chunks).toString()
      const one = {
        method: request.method!,
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body,
        form: new URLSearchParams(body),
      }
      asked.push(one)
      void reply(answers, one).then(({ status = 200, headers, body: answer, type }) => {
        response.writeHead(status, { 'content-type': type ?? 'application/json', ...headers })
        return response.end(typeof answer === 'string' ? answer : JSON.stringify(answer ?? {}))
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, host: `127.0.0.1:${port}`, asked }
}

const reply = async (answers: Record<string, Answer>, asked: Asked): Promise<Reply> =>
  answers[`${asked.method} ${asked.path}`]?.(asked) ?? { status: 404, body: { error: 'not_found' } }

/** Sends the browser back to the application, as an authorize endpoint does. */
export function sendBack({ query }: Asked, parameters: Record<string, string>): Reply {
  const back = new URL(query.get('redirect_uri')!)
  for (const [name, value] of Object.entries(parameters)) back.searchParams.set(name, value)
  const state = query.get('state')
  if (state !== null) back.searchParams.set('state', state)
  return { status: 302, headers: { location: back.href }, body: '' }
}
