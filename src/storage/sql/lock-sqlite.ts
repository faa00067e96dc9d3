import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Release } from './dialect.ts'
import { createPrivately, isBusy } from './node-sqlite.ts'

/**
 * A lock is a file beside the database, held by an exclusive transaction in it: SQLite's own locks of the database
 * would stop every other writer meanwhile. The operating system lets go when the process ends. The file stays:
 * deleting it would let two processes lock two files of one name.
 */
export async function lockSqlite(
  filename: string,
  name: string,
  waitMs: number,
): Promise<Release | undefined> {
  // No one outside sees a database in memory, and in this process `locks.ts` keeps callers apart.
  if (filename === ':memory:') return async () => undefined
  const lockFile = `${filename}.${encodeURIComponent(name)}.lock`
  createPrivately(lockFile)
  const connection = new DatabaseSync(lockFile, { timeout: 0 })
  const isHeld = await begin(connection, performance.now() + waitMs).catch((error: unknown) => {
    connection.close()
    throw error
  })
  if (isHeld) return async () => connection.close()
  connection.close()
  return undefined
}

/** SQLite's own wait would stop the whole process, so we ask, and ask again. */
async function begin(connection: DatabaseSync, deadline: number): Promise<boolean> {
  for (;;) {
    try {
      connection.exec('BEGIN EXCLUSIVE')
      return true
    } catch (error) {
      if (!isBusy(error)) throw error
    }
    const left = deadline - performance.now()
    if (left <= 0) return false
    await sleep(Math.min(left, 5 + Math.random() * 20))
  }
}
