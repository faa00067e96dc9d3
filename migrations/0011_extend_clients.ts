import type { Knex } from 'knex'
import { addColumns, addIndex, fillColumn } from '#storage/sql/columns.ts'
import { searchable } from '#storage/sql/comparable.ts'

/** The name becomes a column, so that clients are searched without reading every document. */
export const up = async (knex: Knex) => {
  await addColumns(knex, 'clients', { name_key: (columns, name) => columns.exact(name, 512) })
  await addIndex(knex, 'clients', ['created_at', 'id'])
  await fillColumn(knex, 'clients', {
    from: 'metadata',
    to: 'name_key',
    derive(metadata) {
      const { client_name: name }: Record<string, unknown> = JSON.parse(metadata)
      return typeof name === 'string' ? searchable(name, 512) : undefined
    },
  })
}

export const down = (knex: Knex) =>
  knex.schema.alterTable('clients', (table) => {
    table.dropIndex(['created_at', 'id'], 'clients_by_created_at_id')
    table.dropColumn('name_key')
  })
