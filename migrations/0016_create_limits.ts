import type { Knex } from 'knex'
import { createTable } from '#storage/sql/columns.ts'

export const up = (knex: Knex) =>
  createTable(knex, 'limits', (columns) => {
    columns.ascii('key_hash', 64).primary()
    columns.integer('hits')
    columns.time('reset_at')
    columns.index('reset_at')
  })

export const down = (knex: Knex) => knex.schema.dropTable('limits')
