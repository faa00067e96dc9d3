import { request, type IncomingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'

export interface RawResponse {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

/** A request as it is written here: `fetch` adds headers of its own and refuses some. */
export function rawRequest(
  url: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<RawResponse> {
  const { port, pathname, search } = new URL(url)
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: pathname + search, method, headers }
    const req = request(options, (res) => {
      text(res).then(
        (body) => resolve({ status: res.statusCode ?? 0, headers: res.headers, text: body }),
        reject,
      )
    })
    req.on('error', reject).end()
  })
}
