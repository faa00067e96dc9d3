import type { Knex } from 'knex'
import { createTable } from '#storage/sql/columns.ts'

export const up = (knex: Knex) =>
  createTable(knex, 'clients', (columns) => {
    columns.ascii('id', 255).primary()
    columns.document('metadata')
    columns.document('secret_hashes')
    columns.time('created_at')
    columns.time('updated_at')
  })

export const down = (knex: Knex) => knex.schema.dropTable('clients')
