import type { Knex } from 'knex'
import { createTable } from '#storage/sql/columns.ts'

export const up = (knex: Knex) =>
  createTable(knex, 'user_roles', (columns) => {
    columns.ascii('user_id', 64)
    columns.exact('role', 64)
    columns.table.primary(['user_id', 'role'])
    columns.index('role')
    columns.dependsOn('user_id', 'users')
  })

export const down = (knex: Knex) => knex.schema.dropTable('user_roles')
