import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createConnection, type Connection, type RowDataPacket } from 'mysql2'
import { within } from '#lib/within.ts'
import { StorageUnavailable } from '#storage/errors.ts'
import { limitOf, type ConnectOptions, type Release } from './dialect.ts'
import { mysqlAddress } from './mysql-address.ts'

/** The server ends a silent connection after this long, and with it the lock of a machine that vanished. */
const silenceSeconds = 60
const heartbeatMs = 15_000

/** Ends a connection at once. The driver's own `destroy` waits for the server to close it, and queued commands wait too. */
export const cut = (connection: object): void => {
  ;(connection as { stream: Socket }).stream.destroy()
}

/** Runs a statement that may take `ms` longer than any other. */
type Ask = (sql: string, values?: unknown[], ms?: number) => Promise<RowDataPacket | undefined>

/**
 * A named lock of the server (GET_LOCK) on a connection outside the pool, so that work which fills the pool cannot
 * wait for itself. The server lets go when the connection ends.
 */
export async function lockMysql(
  options: ConnectOptions,
  name: string,
  waitMs: number,
): Promise<Release | undefined> {
  const deadline = performance.now() + waitMs
  const connection = createConnection({
    ...mysqlAddress(options),
    connectTimeout: options.acquireTimeoutMs,
  })
  // One that breaks while the work runs: `release` finds out.
  connection.on('error', () => undefined)
  const limitMs = limitOf(options)
  const ask: Ask = async (sql, values, ms = 0) => {
    const query = () => connection.promise().query<RowDataPacket[]>(sql, values)
    return (await within(ms + limitMs, query))[0][0]
  }
  const end = async (): Promise<void> => {
    await within(limitMs, () => connection.promise().end()).catch(() => undefined)
    cut(connection)
  }
  try {
    await ask(`SET SESSION wait_timeout = ${silenceSeconds}`)
    const key = await keyOf(ask, name)
    if (await isTaken(ask, key, deadline)) return holding(connection, { ask, end, key })
  } catch (error) {
    cut(connection)
    throw new StorageUnavailable('database', { cause: error, reason: 'unreachable' })
  }
  await end()
  return undefined
}

/** The server waits in whole seconds; what is left of one is ours to wait. */
async function isTaken(ask: Ask, key: string, deadline: number): Promise<boolean> {
  for (;;) {
    const seconds = Math.floor(Math.max(0, deadline - performance.now()) / 1000)
    const row = await ask('SELECT GET_LOCK(?, ?) AS taken', [key, seconds], seconds * 1000)
    if (row?.['taken'] === 1) return true
    const rest = deadline - performance.now()
    if (rest <= 0) return false
    await sleep(Math.min(rest, 50))
  }
}

function holding(
  connection: Connection,
  { ask, end, key }: { ask: Ask; end(): Promise<void>; key: string },
): Release {
  const heartbeat = setInterval(() => connection.ping(() => undefined), heartbeatMs)
  heartbeat.unref()
  return async () => {
    clearInterval(heartbeat)
    try {
      const row = await ask('SELECT RELEASE_LOCK(?) AS released', [key])
      if (row?.['released'] !== 1) throw new Error('the server had let go of the lock before')
    } catch (error) {
      cut(connection)
      throw new StorageUnavailable('database', { cause: error, reason: 'unreachable' })
    }
    await end()
  }
}

/** Names are the whole server's, at most 64 characters, and without regard to case. */
async function keyOf(ask: Ask, name: string): Promise<string> {
  const row = await ask('SELECT DATABASE() AS name')
  const hash = createHash('sha256').update(`${String(row?.['name'])}:${name}`)
  return `yumen:${hash.digest('hex').slice(0, 48)}`
}
