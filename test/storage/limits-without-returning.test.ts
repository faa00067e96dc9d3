import test from 'ava'
import knex from 'knex'
import { dialectOf } from '#storage/sql/dialect.ts'
import { createLimitStore } from '#storage/sql/limits.ts'
import { openSqlStorage } from '#storage/sql/open.ts'
import { createStatements } from '#storage/sql/statements.ts'
import { limitsContract } from '../contract/limits.ts'
import { databaseIsMissing, openDatabase } from '../support/databases.ts'

// MySQL has no RETURNING. Where only MariaDB is installed, this is how MySQL's way is tested.
const missing = databaseIsMissing.mysql
if (missing !== undefined) test.skip(missing, (t) => t.pass())
else {
  limitsContract(test, async (t) => {
    const { url } = await openDatabase(t, 'mysql', { tables: 'present' })
    const limits = { poolMax: 5, acquireTimeoutMs: 20_000, statementTimeoutMs: 20_000 }
    let time = Date.now()
    const now = () => time
    const storage = await openSqlStorage({ ...limits, url, now })
    t.teardown(storage.close)
    await storage.migrate()
    const dialect = { ...(await dialectOf(url)), supportsReturning: async () => false }
    const open = () => {
      const pool = knex(dialect.connection({ ...limits, url }))
      t.teardown(() => pool.destroy())
      return createLimitStore(createStatements({ knex: pool, dialect }), now)
    }
    const pass = async (ms: number) => {
      time += ms
    }
    return { limits: open(), beside: open(), now, pass, expiresByItself: false }
  })
}
