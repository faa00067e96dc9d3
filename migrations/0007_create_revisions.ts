import type { Knex } from 'knex'
import { createTable } from '#storage/sql/columns.ts'

/** One row for each set of rows that is replaced as a whole: the row that its writers queue at. */
export const up = async (knex: Knex) => {
  await createTable(knex, 'revisions', (columns) => {
    columns.ascii('name', 64).primary()
    columns.integer('revision')
  })
  await knex('revisions').insert({ name: 'signing_keys', revision: 0 })
}

export const down = (knex: Knex) => knex.schema.dropTable('revisions')
