import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import test from 'ava'
import { until } from '../flow/instances.ts'
import { start } from '../support/start.ts'

const post =
  'POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n'

/** What a stranger can do as often as they like, once the server waits for the rest of a request. */
const ends: Record<string, (socket: Socket) => void> = {
  'leaves in the middle': (socket) => socket.end('{"a"'),
  'resets the connection': (socket) => socket.resetAndDestroy(),
  'sends no HTTP': (socket) => socket.write('ZZ\r\n'),
}

for (const [name, end] of Object.entries(ends)) {
  test(`a sender that ${name} is one short line for debugging`, async (t) => {
    const { logLines, server } = await start(t)
    const begun = logLines.length
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(`${post}Transfer-Encoding: chunked\r\n\r\n`)
    await once(socket, 'data')
    end(socket)

    const lines = () => logLines.slice(begun).map((line) => JSON.parse(line) as Line)
    const ofConnection = () => lines().filter(({ msg }) => msg.startsWith('connection '))
    await until(() => Promise.resolve(ofConnection().length > 0))
    t.deepEqual(
      ofConnection().map(({ msg, level }) => [msg, level]),
      [['connection broke', 20]],
    )
    t.deepEqual(Object.keys(ofConnection()[0]!), ['level', 'time', 'code', 'trace_id', 'msg'])
    t.deepEqual(
      lines().filter(({ level }) => level > 30),
      [],
    )
  })
}

interface Line {
  msg: string
  level: number
}
