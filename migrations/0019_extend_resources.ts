import type { Knex } from 'knex'
import { addColumns, addIndex } from '#storage/sql/columns.ts'

const index = ['model', 'client_id', 'consumed_at', 'expires_at']

/** The index is for what is removed by client, and for counting what lives of a model without reading its rows. */
export const up = async (knex: Knex) => {
  await addColumns(knex, 'resources', {
    metadata_claims: (columns, name) => columns.document(name),
  })
  await addIndex(knex, 'artifacts', index)
}

export const down = async (knex: Knex) => {
  await knex.schema.alterTable('artifacts', (table) => {
    table.dropIndex(index, `artifacts_by_${index.join('_')}`)
  })
  await knex.schema.alterTable('resources', (table) => {
    table.dropColumn('metadata_claims')
  })
}
