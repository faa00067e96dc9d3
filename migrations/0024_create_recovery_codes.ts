import type { Knex } from 'knex'
import { createTable } from '#storage/sql/columns.ts'

export const up = (knex: Knex) =>
  createTable(knex, 'recovery_codes', (columns) => {
    columns.ascii('user_id', 64)
    columns.ascii('code_hash', 64)
    columns.time('used_at').nullable()
    columns.table.primary(['user_id', 'code_hash'])
    columns.dependsOn('user_id', 'users')
  })

export const down = (knex: Knex) => knex.schema.dropTable('recovery_codes')
