import type { ExecutionContext } from 'ava'
import { openSqlStorage } from '#storage/sql/open.ts'
import type { Storage } from '#storage/storage.ts'
import { openDatabase } from './databases.ts'

/** A migrated SQLite storage of the test's own, with a clock that the test moves. */
export async function openStorage(
  t: ExecutionContext,
): Promise<{ storage: Storage; clock: { now: number }; url: string }> {
  const clock = { now: Date.now() }
  const { url } = await openDatabase(t, 'sqlite', { tables: 'present' })
  const limits = { poolMax: 2, acquireTimeoutMs: 5000, statementTimeoutMs: 5000 }
  const storage = await openSqlStorage({ ...limits, url, now: () => clock.now })
  t.teardown(() => storage.close())
  await storage.migrate()
  return { storage, clock, url }
}
