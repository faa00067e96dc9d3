import type { Knex } from 'knex'
import { createTable } from '#storage/sql/columns.ts'

export const up = (knex: Knex) =>
  createTable(knex, 'resources', (columns) => {
    columns.ascii('identifier', 512).primary()
    columns.document('name')
    columns.document('scopes')
    columns.integer('access_token_ttl').nullable()
  })

export const down = (knex: Knex) => knex.schema.dropTable('resources')
