import type { Knex } from 'knex'
import { addColumns, addCounter } from '#storage/sql/columns.ts'

/** A user's sign-in epoch, and the one that an artifact belongs to; see `src/storage/sign-ins.ts`. */
export const up = async (knex: Knex) => {
  await addCounter(knex, 'users', 'sign_in_epoch')
  await addColumns(knex, 'artifacts', {
    sign_in_epoch: (columns, name) => columns.integer(name),
  })
}

export const down = async (knex: Knex) => {
  await knex.schema.alterTable('artifacts', (table) => {
    table.dropColumn('sign_in_epoch')
  })
  await knex.schema.alterTable('users', (table) => {
    table.dropColumn('sign_in_epoch')
  })
}
