import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise'
import { StorageUnavailable } from '#storage/errors.ts'
import type { ConnectOptions, Release } from './dialect.ts'

/** The server ends a silent connection after this long, and with it the lock of a machine that vanished. */
const silenceSeconds = 60
const heartbeatMs = 15_000

/**
 * A named lock of the server (GET_LOCK) on a connection outside the pool, so that work which fills the pool cannot
 * wait for itself. The server lets go when the connection ends.
 */
export async function lockMysql(
  { url, acquireTimeoutMs }: ConnectOptions,
  name: string,
  waitMs: number,
): Promise<Release | undefined> {
  const deadline = performance.now() + waitMs
  let connection: Connection | undefined
  try {
    connection = await createConnection({ uri: url, connectTimeout: acquireTimeoutMs })
    // A connection that breaks while the work runs: `release` finds out.
    connection.on('error', () => undefined)
    await connection.query(`SET SESSION wait_timeout = ${silenceSeconds}`)
    const key = await keyOf(connection, name)
    if (await isTaken(connection, key, deadline)) return holding(connection, key)
  } catch (error) {
    connection?.destroy()
    throw new StorageUnavailable('database', { cause: error })
  }
  await connection.end()
  return undefined
}

/** The server waits in whole seconds; what is left of one is ours to wait. */
async function isTaken(connection: Connection, key: string, deadline: number): Promise<boolean> {
  for (;;) {
    const left = Math.max(0, deadline - performance.now())
    const [rows] = await connection.query<RowDataPacket[]>('SELECT GET_LOCK(?, ?) AS taken', [
      key,
      Math.floor(left / 1000),
    ])
    if (rows[0]?.['taken'] === 1) return true
    const rest = deadline - performance.now()
    if (rest <= 0) return false
    await sleep(Math.min(rest, 50))
  }
}

function holding(connection: Connection, key: string): Release {
  const heartbeat = setInterval(() => {
    connection.ping().catch(() => undefined)
  }, heartbeatMs)
  heartbeat.unref()
  return async () => {
    clearInterval(heartbeat)
    try {
      const [rows] = await connection.query<RowDataPacket[]>('SELECT RELEASE_LOCK(?) AS released', [
        key,
      ])
      if (rows[0]?.['released'] !== 1) throw new Error('the server had let go of the lock before')
      await connection.end()
    } catch (error) {
      connection.destroy()
      throw new StorageUnavailable('database', { cause: error })
    }
  }
}

/** Names are the whole server's, at most 64 characters, and without regard to case. */
async function keyOf(connection: Connection, name: string): Promise<string> {
  const [rows] = await connection.query<RowDataPacket[]>('SELECT DATABASE() AS name')
  const hash = createHash('sha256').update(`${String(rows[0]?.['name'])}:${name}`)
  return `yumen:${hash.digest('hex').slice(0, 48)}`
}
