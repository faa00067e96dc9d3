import type { Knex } from 'knex'
import { addSparseIndex } from '#storage/sql/columns.ts'

export const up = (knex: Knex) => addSparseIndex(knex, 'artifacts', 'account_id')

export const down = (knex: Knex) =>
  knex.schema.alterTable('artifacts', (table) => {
    table.dropIndex(['account_id'], 'artifacts_by_account_id')
  })
