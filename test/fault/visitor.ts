import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { apiOf, type Answer, type CallOptions } from '../support/api.ts'
import { createBrowser, type Browser } from '../support/browser.ts'
import { stopwatch } from './processor.ts'

/** No complete answer came, or one that says "later": what became of the request is not known. */
export class Cut extends Error {}

/** An answer that an honest client must never get: a refusal, or a 5xx that is not 503 with Retry-After. */
export class Refused extends Error {}

/** An honest client of the server. It times every request, and never takes a lost answer for a refusal. */
export interface Visitor {
  origin: string
  /** Resolves to an answer of any status below 500. Rejects with `Cut`, or with `Refused` for a wrong 5xx. */
  ask(method: string, path: string, options?: CallOptions): Promise<Answer>
  /** The body of the answer to `200 POST /auth/login`. Rejects with `Cut`, or with `Refused` for any other status. */
  expect(what: string, options?: CallOptions): Promise<Answer['body']>
  browser(): Browser
  /** Every request so far. */
  requests: Timed[]
  /** What no honest client should have got. */
  refused: string[]
}

export interface Timed {
  name: string
  ms: number
  /** The status of the answer, or why none came, such as `ECONNRESET`. */
  end: number | string
}

/** Longer than any limit that the programs set: what is still open then, the server has forgotten. */
const hangMs = 60_000

/** `waited` tells how long the server and we have waited for a processor so far: that is not the server's time. */
export function createVisitor(origin: string, waited: () => number = () => 0): Visitor {
  const requests: Timed[] = []
  const refused: string[] = []
  const refuse = (message: string): never => {
    refused.push(message)
    throw new Refused(message)
  }

  const fetch = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const sent = new Request(url, init)
    const name = `${sent.method} ${plain(sent.url.slice(origin.length))}`
    const time = stopwatch(waited)
    const note = (end: number | string): void => void requests.push({ name, ms: time(), end })
    const answer = await send(sent).catch((error: NodeJS.ErrnoException) => {
      note(error.code ?? error.message)
      throw new Cut(`${name}: ${error.message}`)
    })
    note(answer.status)
    if (answer.status === 503 && answer.headers.has('retry-after')) throw new Cut(`${name}: 503`)
    return answer.status < 500 ? answer : refuse(`${name}: ${answer.status}`)
  }

  const { call: ask } = apiOf({ issuer: origin }, fetch)
  return {
    origin,
    requests,
    refused,
    ask,
    async expect(what, options) {
      const [status = '', method = '', path = ''] = what.split(' ')
      const answer = await ask(method, path, options)
      if (answer.status === Number(status)) return answer.body
      const { code, error } = (answer.body ?? {}) as { code?: string; error?: string }
      return refuse(`${method} ${plain(path)}: ${answer.status} ${code ?? error ?? ''}`)
    },
    browser: () => createBrowser(origin, {}, fetch),
  }
}

/**
 * Resolves once the whole answer is here. Each request has a connection of its own: one that is kept may be closed by the
 * server at the moment of the next request, and that would look like a request that was lost.
 */
async function send(sent: Request): Promise<Response> {
  const body = Buffer.from(await sent.arrayBuffer())
  const { method, headers } = sent
  if (body.byteLength > 0) headers.set('content-length', String(body.byteLength))
  const outgoing = request(sent.url, { method, agent: false, headers: Object.fromEntries(headers) })
  const limit = setTimeout(() => outgoing.destroy(new Error('no answer')), hangMs)
  try {
    outgoing.end(body)
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
    // What breaks from here on breaks the reading of the body too.
    outgoing.on('error', () => undefined)
    const bytes = await buffer(incoming)
    const { statusCode: status = 0, headersDistinct } = incoming
    const named = Object.entries(headersDistinct).flatMap(([name, values = []]) =>
      values.map((value): [string, string] => [name, value]),
    )
    return new Response(bytes.byteLength > 0 ? bytes : null, { status, headers: named })
  } finally {
    clearTimeout(limit)
  }
}

/** Without the query and without ids. */
const plain = (path: string): string =>
  path.replace(/\?.*/, '').replaceAll(/\/(?=[^/]*\d)[\w-]{16,}/g, '/…')
