import { statSync } from 'node:fs'
import test from 'ava'
import { openSqlStorage } from '#storage/sql/open.ts'
import { sqlContracts } from '../contract/sql.ts'
import { openDatabase } from '../support/databases.ts'

sqlContracts(test, 'sqlite')

const limits = { poolMax: 1, acquireTimeoutMs: 10_000, statementTimeoutMs: 10_000 }

test('no one else on the machine may read the files', async (t) => {
  const { url } = await openDatabase(t, 'sqlite')
  const storage = await openSqlStorage({ ...limits, url, now: Date.now })
  t.teardown(storage.close)
  await storage.migrate()
  const file = url.slice('sqlite:'.length)
  for (const end of ['', '-wal', '-shm', '.migrate.lock']) {
    t.is(statSync(`${file}${end}`).mode & 0o777, 0o600, end)
  }
})

test('a database in memory has tables and locks, and is gone when it is closed', async (t) => {
  const open = () => openSqlStorage({ ...limits, url: 'sqlite::memory:', now: Date.now })
  const [storage, other] = [await open(), await open()]
  t.teardown(storage.close)
  t.teardown(other.close)
  await storage.migrate()
  await storage.artifacts.put('Grant', 'a', { payload: '{}' })
  t.truthy(await storage.artifacts.find('Grant', 'a'))
  t.is(await storage.withLock('a', 0, () => storage.withLock('a', 0, async () => 1)), undefined)
  await other.migrate()
  t.is(await other.artifacts.find('Grant', 'a'), undefined)
})

test('openSqlStorage() rejects a URL of another database without repeating it', async (t) => {
  const opening = openSqlStorage({ ...limits, url: 'oracle://me:secret@host/db', now: Date.now })
  const error = await t.throwsAsync(opening, { message: /sqlite:, postgres/ })
  t.false(String(error).includes('secret'))
})
