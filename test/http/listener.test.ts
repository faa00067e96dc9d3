import type { RequestListener } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import test, { type ExecutionContext } from 'ava'
import { listen } from '#http/listener.ts'

const hasty = { headersTimeout: 100, requestTimeout: 200, connectionsCheckingInterval: 20 }

/** What a client gets that sends this and nothing more; resolves when the server has closed the connection. */
async function answerTo(t: ExecutionContext, bytes: string, limits = hasty): Promise<string> {
  const local = { port: 0, host: '127.0.0.1' }
  const answer: RequestListener = (req, res) => void req.on('end', () => res.end('done')).resume()
  const server = await listen(answer, local, limits)
  t.teardown(() => server.drain(1000))
  const socket = connect(server.port, local.host)
  socket.write(bytes)
  return text(socket)
}

test('a client that is slow with the headers, or sends none, gets 408 and its connection is closed', async (t) => {
  for (const bytes of ['', 'GET / HTTP/1.1\r\n', 'GET / HTTP/1.1\r\nHost: x\r\nX-A: b'])
    t.regex(await answerTo(t, bytes), /^HTTP\/1\.1 408 /, bytes)
})

test('a client that is slow with the body gets 408 and its connection is closed', async (t) => {
  const head = 'POST / HTTP/1.1\r\nHost: x\r\n'
  for (const rest of [
    'Content-Length: 9\r\n\r\nabc',
    'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
  ])
    t.regex(await answerTo(t, head + rest), /^HTTP\/1\.1 408 /, rest)
})

test('a client that sends its request in time gets the answer', async (t) => {
  const request = 'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc'
  const patient = { ...hasty, headersTimeout: 20_000, requestTimeout: 20_000 }
  t.regex(await answerTo(t, request, patient), /^HTTP\/1\.1 200 [^]*done$/)
})
