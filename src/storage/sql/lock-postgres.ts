import { createHash } from 'node:crypto'
import { Client, DatabaseError } from 'pg'
import { StorageUnavailable } from '#storage/errors.ts'
import type { ConnectOptions, Release } from './dialect.ts'

/**
 * An advisory lock (PostgreSQL §13.3.5) of a transaction on a connection outside the pool, so that work which fills
 * the pool cannot wait for itself. The server lets go when the connection ends; keep-alives tell it of a machine
 * that vanished. The transaction reads nothing, so it holds back no vacuum.
 */
export async function lockPostgres(
  { url, acquireTimeoutMs }: ConnectOptions,
  name: string,
  waitMs: number,
): Promise<Release | undefined> {
  const client = new Client({
    connectionString: url,
    application_name: 'yumen lock',
    connectionTimeoutMillis: acquireTimeoutMs,
    keepAlive: true,
  })
  // A connection that breaks while the work runs: `release` finds out.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('BEGIN')
    for (const setting of settings(waitMs)) await client.query(`SET LOCAL ${setting}`)
    if (await isTaken(client, keyOf(name), waitMs)) return () => release(client)
  } catch (error) {
    await end(client)
    throw new StorageUnavailable('database', { cause: error })
  }
  await end(client)
  return undefined
}

const settings = (waitMs: number): string[] => [
  'statement_timeout = 0',
  'idle_in_transaction_session_timeout = 0',
  // 0 would mean for ever.
  `lock_timeout = ${Math.max(1, Math.ceil(waitMs))}`,
  'tcp_keepalives_idle = 30',
  'tcp_keepalives_interval = 10',
  'tcp_keepalives_count = 3',
]

async function isTaken(client: Client, key: string, waitMs: number): Promise<boolean> {
  if (waitMs < 1) {
    const { rows } = await client.query<{ taken: boolean }>(
      'SELECT pg_try_advisory_xact_lock($1::bigint) AS taken',
      [key],
    )
    return rows[0]?.taken === true
  }
  try {
    await client.query('SELECT pg_advisory_xact_lock($1::bigint)', [key])
    return true
  } catch (error) {
    // lock_not_available: lock_timeout has passed
    if (error instanceof DatabaseError && error.code === '55P03') return false
    throw error
  }
}

async function release(client: Client): Promise<void> {
  try {
    await client.query('COMMIT')
  } catch (error) {
    throw new StorageUnavailable('database', { cause: error })
  } finally {
    await end(client)
  }
}

/** Ends the connection; one that is broken already has nothing left to end. */
const end = (client: Client): Promise<void> => client.end().catch(() => undefined)

/** Advisory locks have numbers for names: 64 bits of a hash, under a prefix that keeps clear of other programs. */
const keyOf = (name: string): string =>
  createHash('sha256').update(`yumen:${name}`).digest().readBigInt64BE(0).toString()
