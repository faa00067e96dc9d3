import { createHash } from 'node:crypto'
import { Client, DatabaseError } from 'pg'
import { within } from '#lib/within.ts'
import { StorageUnavailable } from '#storage/errors.ts'
import { limitOf, type ConnectOptions, type Release } from './dialect.ts'
import { postgresUrl } from './postgres-url.ts'

/** Runs a statement that may take `ms` longer than any other. */
type Ask = (
  sql: string,
  values?: unknown[],
  ms?: number,
) => Promise<{ taken?: boolean } | undefined>

/**
 * An advisory lock (PostgreSQL §13.3.5) of a transaction on a connection outside the pool, so that work which fills
 * the pool cannot wait for itself. The server lets go when the connection ends; keep-alives tell it of a machine
 * that vanished. The transaction reads nothing, so it holds back no vacuum.
 */
export async function lockPostgres(
  options: ConnectOptions,
  name: string,
  waitMs: number,
): Promise<Release | undefined> {
  const client = new Client({
    connectionString: postgresUrl(options),
    application_name: 'yumen lock',
    connectionTimeoutMillis: options.acquireTimeoutMs,
    keepAlive: true,
  })
  // A connection that breaks while the work runs: `release` finds out.
  client.on('error', () => undefined)
  const limitMs = limitOf(options)
  const ask: Ask = async (sql, values, ms = 0) => {
    const query = () => client.query<{ taken?: boolean }>(sql, values)
    return (await within(ms + limitMs, query)).rows[0]
  }
  const end = async (): Promise<void> => {
    await within(limitMs, () => client.end()).catch(() => undefined)
    client.connection.stream.destroy()
  }
  try {
    await client.connect()
    await ask('BEGIN')
    for (const setting of settings(waitMs)) await ask(`SET LOCAL ${setting}`)
    if (await isTaken(ask, keyOf(name), waitMs)) return () => release(ask, end)
  } catch (error) {
    await end()
    throw new StorageUnavailable('database', { cause: error, reason: 'unreachable' })
  }
  await end()
  return undefined
}

const settings = (waitMs: number): string[] => [
  'statement_timeout = 0',
  'idle_in_transaction_session_timeout = 0',
  // 0 would mean forever.
  `lock_timeout = ${Math.max(1, Math.ceil(waitMs))}`,
  'tcp_keepalives_idle = 30',
  'tcp_keepalives_interval = 10',
  'tcp_keepalives_count = 3',
]

async function isTaken(ask: Ask, key: string, waitMs: number): Promise<boolean> {
  if (waitMs < 1)
    return (
      (await ask('SELECT pg_try_advisory_xact_lock($1::bigint) AS taken', [key]))?.taken === true
    )
  try {
    await ask('SELECT pg_advisory_xact_lock($1::bigint)', [key], waitMs)
    return true
  } catch (error) {
    // lock_not_available: lock_timeout has passed
    if (error instanceof DatabaseError && error.code === '55P03') return false
    throw error
  }
}

async function release(ask: Ask, end: () => Promise<void>): Promise<void> {
  try {
    await ask('COMMIT')
  } catch (error) {
    throw new StorageUnavailable('database', { cause: error, reason: 'unreachable' })
  } finally {
    await end()
  }
}

/** Advisory locks have numbers for names: 64 bits of a hash, under a prefix that keeps clear of other programs. */
const keyOf = (name: string): string =>
  createHash('sha256').update(`yumen:${name}`).digest().readBigInt64BE(0).toString()
