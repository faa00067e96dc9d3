import type { Knex } from 'knex'
import { createTable } from '#storage/sql/columns.ts'

export const up = (knex: Knex) =>
  createTable(knex, 'artifacts', (columns) => {
    columns.ascii('model', 48)
    columns.ascii('key_hash', 64)
    columns.document('payload')
    columns.ascii('grant_id', 64).nullable()
    columns.ascii('uid', 64).nullable()
    columns.ascii('user_code_hash', 64).nullable()
    columns.ascii('account_id', 64).nullable()
    columns.ascii('client_id', 255).nullable()
    columns.time('expires_at').nullable()
    columns.time('consumed_at').nullable()
    // Microseconds, never twice the same in one process: the order of writes within a millisecond too.
    columns.time('written_at')
    columns.table.primary(['model', 'key_hash'])
    columns.sparseIndex('grant_id')
    columns.sparseIndex('uid')
    columns.sparseIndex('user_code_hash')
    columns.index('expires_at')
  })

export const down = (knex: Knex) => knex.schema.dropTable('artifacts')
