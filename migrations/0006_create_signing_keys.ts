import type { Knex } from 'knex'
import { createTable } from '#storage/sql/columns.ts'

export const up = (knex: Knex) =>
  createTable(knex, 'signing_keys', (columns) => {
    columns.ascii('id', 255).primary()
    columns.ascii('alg', 32)
    columns.ascii('state', 16)
    columns.document('sealed_jwk')
    columns.time('created_at')
    columns.time('state_since')
  })

export const down = (knex: Knex) => knex.schema.dropTable('signing_keys')
