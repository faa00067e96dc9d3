import type { Knex } from 'knex'
import { createTable } from '#storage/sql/columns.ts'

export const up = (knex: Knex) =>
  createTable(knex, 'providers', (columns) => {
    columns.ascii('id', 64).primary()
    columns.document('recipe')
    columns.document('sealed_secret')
    columns.time('created_at')
    columns.time('updated_at')
  })

export const down = (knex: Knex) => knex.schema.dropTable('providers')
