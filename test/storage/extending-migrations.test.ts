import { readdirSync } from 'node:fs'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import knex, { type Knex } from 'knex'
import { dialectOf } from '#storage/sql/dialect.ts'
import { openSqlStorage } from '#storage/sql/open.ts'
import { databaseIsMissing, openDatabase, type DatabaseKind } from '../support/databases.ts'

/** Migrations that change tables with rows in them; the other tests only see empty ones. */
interface Migration {
  up(knex: Knex): Promise<void>
  down(knex: Knex): Promise<void>
}

const limits = { poolMax: 2, acquireTimeoutMs: 20_000, statementTimeoutMs: 20_000 }

async function openOldDatabase(t: ExecutionContext, kind: DatabaseKind) {
  const { url } = await openDatabase(t, kind)
  const dialect = await dialectOf(url)
  const pool = knex({ ...dialect.connection({ ...limits, url }), log: { warn: () => undefined } })
  pool.userParams = { dialect }
  t.teardown(() => pool.destroy())
  const migrations: Migration[] = []
  for (const file of readdirSync('migrations').sort()) {
    migrations.push((await import(`../../migrations/${file}`)) as Migration)
  }
  for (const { up } of migrations.slice(0, 8)) await up(pool)
  return { url, pool, newer: migrations.slice(8) }
}

for (const kind of ['sqlite', 'postgres', 'mysql'] as const) {
  const missing = databaseIsMissing[kind]
  if (missing !== undefined) {
    test.skip(missing, (t) => t.pass())
    continue
  }
  test(`${kind}: users and clients from before are found by their names, and keep what they had`, async (t) => {
    const { url, pool, newer } = await openOldDatabase(t, kind)
    const user = { email_verified: true, created_at: 1, updated_at: 2, login_count: 3 }
    for (let index = 0; index < 2500; index++) {
      const nickname = index % 2 ? `ＮＩＣＫ ${index} 😀` : null
      await pool('users').insert({ ...user, id: `u${index}`, nickname })
    }
    const client = { secret_hashes: '["h"]', created_at: 1, updated_at: 2 }
    for (const [id, metadata] of [
      ['a', { client_name: '记事本 ÜBER' }],
      ['b', {}],
      ['c', { client_name: 7 }],
    ] as const) {
      await pool('clients').insert({ ...client, id, metadata: JSON.stringify(metadata) })
    }
    for (const { up } of newer) await up(pool)
    const storage = await openSqlStorage({ ...limits, url, now: Date.now })
    t.teardown(storage.close)
    const found = await storage.users.list({ q: 'nick 2499 😀', limit: 10 })
    t.like(found.users[0], {
      id: 'u2499',
      nickname: 'ＮＩＣＫ 2499 😀',
      createdAt: 1,
      loginCount: 3,
    })
    t.is((await storage.users.list({ q: 'nick', limit: 5000 })).users.length, 1250)
    t.deepEqual((await storage.users.findById('u0'))?.metadata, { public: {}, private: {} })
    const clients = (await storage.clients.list({ q: 'über', limit: 10 })).clients
    t.deepEqual(clients, [
      {
        id: 'a',
        metadata: { client_name: '记事本 ÜBER' },
        secretHashes: ['h'],
        createdAt: 1,
        updatedAt: 2,
      },
    ])
  })

  test(`${kind}: the newer migrations can be taken back and done again`, async (t) => {
    const { pool, newer } = await openOldDatabase(t, kind)
    for (let round = 0; round < 2; round++) {
      for (const { up } of newer) await up(pool)
      for (const { down } of newer.toReversed()) await down(pool)
    }
    t.false(await pool.schema.hasColumn('users', 'metadata_public'))
    t.true(await pool.schema.hasColumn('users', 'email_key'))
  })
}
