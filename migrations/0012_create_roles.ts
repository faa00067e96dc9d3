import type { Knex } from 'knex'
import { createTable } from '#storage/sql/columns.ts'

export const up = (knex: Knex) =>
  createTable(knex, 'roles', (columns) => {
    columns.ascii('name', 64).primary()
    columns.document('description').nullable()
    columns.document('permissions')
    columns.time('created_at')
    columns.time('updated_at')
  })

export const down = (knex: Knex) => knex.schema.dropTable('roles')
