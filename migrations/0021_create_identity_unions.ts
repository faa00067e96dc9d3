import type { Knex } from 'knex'
import { createTable } from '#storage/sql/columns.ts'

/** Whose a union id is. A table of its own, because one union has as many identities as there are apps. */
export const up = (knex: Knex) =>
  createTable(knex, 'identity_unions', (columns) => {
    columns.ascii('union_key', 64).primary()
    columns.ascii('user_id', 64)
    columns.index('user_id')
    columns.dependsOn('user_id', 'users')
  })

export const down = (knex: Knex) => knex.schema.dropTable('identity_unions')
