import { once } from 'node:events'
import test, { type ExecutionContext } from 'ava'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from './instances.ts'
import { folderFor, startYumen, untilReady } from './process.ts'

const begun = async (t: ExecutionContext, env: Record<string, string> = {}) => {
  const yumen = await startYumen(t, { DATA_DIR: await folderFor(t), NODE_ENV: 'test', ...env })
  await untilReady(yumen)
  return yumen
}

const body = 'grant_type=client_credentials&client_id=nobody'

/** A request whose body comes slowly: the server has read the headers and waits for the rest. */
async function slowRequest(port: number): Promise<{ socket: Socket; answer: Promise<string> }> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => (text += String(chunk)))
  const answer = new Promise<string>((resolve) => {
    socket.on('error', () => resolve(text)).on('close', () => resolve(text))
  })
  socket.write(
    `POST /oauth/token HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n`,
  )
  await until(async () => text === goOn)
  text = ''
  socket.write(body.slice(0, 10))
  return { socket, answer }
}

/** Node says so when the request has reached the application (RFC 9110 §10.1.1). */
const goOn = 'HTTP/1.1 100 Continue\r\n\r\n'

/** Resolves when the server takes no connection any more. Asks rarely: while someone comes, it goes on accepting. */
async function closed(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (!isOpen) return
    await sleep(1000)
  }
}

test('on SIGTERM a server is not ready, takes who still comes, then no one; requests under way get their answers', async (t) => {
  const yumen = await begun(t)
  const { socket, answer } = await slowRequest(yumen.port)
  yumen.signal('SIGTERM')
  await until(
    async () => (await fetch(`http://127.0.0.1:${yumen.port}/health/ready`)).status === 503,
  )
  t.is((await fetch(`http://127.0.0.1:${yumen.port}/oauth/jwks`)).status, 200)
  await closed(yumen.port)

  socket.write(body.slice(10))
  const text = await answer
  t.regex(text, /^HTTP\/1\.1 401 /)
  t.regex(text, /invalid_client/)
  t.is(await yumen.ended, 0)
})

test('without requests SIGTERM and SIGINT end the process at once with 0', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const yumen = await begun(t)
    const idle = connect(yumen.port, '127.0.0.1')
    idle.on('error', () => undefined)
    await once(idle, 'connect')
    const from = Date.now()
    yumen.signal(signal)
    t.is(await yumen.ended, 0, signal)
    t.true(Date.now() - from < 5000, 'it did not wait for the idle connection')
    idle.destroy()
  }
})

test('a request that never ends is cut after SHUTDOWN_TIMEOUT_SECONDS, and the exit is still 0', async (t) => {
  const yumen = await begun(t, { SHUTDOWN_TIMEOUT_SECONDS: '1' })
  const { answer } = await slowRequest(yumen.port)
  yumen.signal('SIGTERM')
  t.is(await yumen.ended, 0)
  t.is(await answer, '')
})

test('a second SIGTERM does not wait: the process ends with 1', async (t) => {
  const yumen = await begun(t)
  const { socket } = await slowRequest(yumen.port)
  yumen.signal('SIGTERM')
  await closed(yumen.port)
  yumen.signal('SIGTERM')
  t.is(await yumen.ended, 1)
  socket.destroy()
})
