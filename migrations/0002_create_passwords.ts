import type { Knex } from 'knex'
import { createTable } from '#storage/sql/columns.ts'

export const up = (knex: Knex) =>
  createTable(knex, 'passwords', (columns) => {
    columns.ascii('user_id', 64).primary()
    columns.ascii('hash', 512)
    columns.time('updated_at')
    columns.dependsOn('user_id', 'users')
  })

export const down = (knex: Knex) => knex.schema.dropTable('passwords')
