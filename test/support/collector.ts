import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import type { ExecutionContext } from 'ava'

/** A collector that takes traces by OTLP over HTTP, in JSON, and keeps them. */
export interface Collector {
  url: string
  /** Every request, as it came. */
  exports: Export[]
  spans(): CollectedSpan[]
}

interface Export {
  path: string
  headers: IncomingHttpHeaders
  body: {
    resourceSpans: {
      resource: { attributes: Attribute[] }
      scopeSpans: { spans: RawSpan[] }[]
    }[]
  }
}

interface Attribute {
  key: string
  value: Record<string, unknown>
}

interface RawSpan {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  status: { code?: number }
  attributes: Attribute[]
}

export interface CollectedSpan extends Omit<RawSpan, 'attributes'> {
  attributes: Record<string, unknown>
}

export const plain = (attributes: Attribute[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

export async function openCollector(t: ExecutionContext): Promise<Collector> {
  const exports: Export[] = []
  const server = createServer((req, res) => void take(req, res))
  async function take(req: IncomingMessage, res: ServerResponse): Promise<void> {
    exports.push({
      path: req.url!,
      headers: req.headers,
      body: (await json(req)) as Export['body'],
    })
    res.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    exports,
    spans: () =>
      exports
        .flatMap(({ body }) => body.resourceSpans)
        .flatMap(({ scopeSpans }) => scopeSpans)
        .flatMap(({ spans }) => spans)
        .map((span) => ({ ...span, attributes: plain(span.attributes) })),
  }
}
