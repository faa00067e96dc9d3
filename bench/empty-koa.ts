/** The measure for `throughput.ts`: Koa that answers everything with two bytes. Prints its port. */
import type { AddressInfo } from 'node:net'
import Koa from 'koa'

const app = new Koa()
app.use((ctx) => {
  ctx.body = {}
})
const server = app.listen(0, '127.0.0.1', () => {
  console.log((server.address() as AddressInfo).port)
})
