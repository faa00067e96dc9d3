import type { Knex } from 'knex'
import { createTable } from '#storage/sql/columns.ts'

export const up = (knex: Knex) =>
  createTable(knex, 'api_keys', (columns) => {
    columns.ascii('id', 64).primary()
    columns.ascii('user_id', 64)
    columns.text('name', 255)
    columns.ascii('hash', 64)
    columns.document('scopes')
    columns.time('created_at')
    columns.time('expires_at').nullable()
    columns.time('last_used_at').nullable()
    columns.index('user_id', 'created_at', 'id')
    columns.index('created_at', 'id')
    columns.dependsOn('user_id', 'users')
  })

export const down = (knex: Knex) => knex.schema.dropTable('api_keys')
