import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'
import Koa from 'koa'
import type { Middleware, RequestState } from '#http/context.ts'

/** A server of these middlewares alone, on loopback; resolves to its address. */
export async function serve(t: ExecutionContext, ...middlewares: Middleware[]): Promise<string> {
  const app = new Koa<RequestState>()
  app.proxy = true
  app.silent = true
  for (const middleware of middlewares) app.use(middleware)
  const handle = app.callback()
  const server = createServer((req, res) => void handle(req, res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
