import test, { type ExecutionContext } from 'ava'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { folderFor, startYumen, untilReady } from './process.ts'

const begun = async (t: ExecutionContext, env: Record<string, string> = {}) => {
  const yumen = await startYumen(t, { DATA_DIR: await folderFor(t), NODE_ENV: 'test', ...env })
  await untilReady(yumen)
  return yumen
}

const body = 'grant_type=client_credentials&client_id=nobody'

/** A request whose body comes slowly: the headers and the first bytes are sent. */
async function slowRequest(port: number): Promise<{ socket: Socket; answer: Promise<string> }> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => (text += String(chunk)))
  const answer = new Promise<string>((resolve) => {
    socket.on('error', () => resolve(text)).on('close', () => resolve(text))
  })
  socket.write(
    `POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n`,
  )
  socket.write(body.slice(0, 10))
  await sleep(200)
  return { socket, answer }
}

test('on SIGTERM a request under way gets its answer, new ones are refused, and the exit is 0', async (t) => {
  const yumen = await begun(t)
  const { socket, answer } = await slowRequest(yumen.port)
  yumen.signal('SIGTERM')
  await sleep(300)
  await t.throwsAsync(fetch(`${yumen.origin}/health/live`))

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
    await sleep(50)
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
  await sleep(300)
  yumen.signal('SIGTERM')
  t.is(await yumen.ended, 1)
  socket.destroy()
})
