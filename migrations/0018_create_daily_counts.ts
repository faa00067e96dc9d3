import type { Knex } from 'knex'
import { createTable } from '#storage/sql/columns.ts'

/** Days are written as 2026-11-20, in UTC. Who was active is kept for a few days, so that no one is counted twice. */
export const up = async (knex: Knex) => {
  await createTable(knex, 'daily_counts', (columns) => {
    columns.ascii('day', 10)
    columns.ascii('name', 128)
    columns.integer('total')
    columns.table.primary(['day', 'name'])
  })
  await createTable(knex, 'daily_users', (columns) => {
    columns.ascii('day', 10)
    columns.ascii('user_id', 64)
    columns.table.primary(['day', 'user_id'])
  })
}

export const down = async (knex: Knex) => {
  await knex.schema.dropTable('daily_users')
  await knex.schema.dropTable('daily_counts')
}
