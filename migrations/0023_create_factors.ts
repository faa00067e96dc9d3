import type { Knex } from 'knex'
import { createTable } from '#storage/sql/columns.ts'

/** `factor_key` is a hash of what must be the only one of its kind: a person's authenticator app, or a credential id. */
export const up = (knex: Knex) =>
  createTable(knex, 'factors', (columns) => {
    columns.ascii('id', 64).primary()
    columns.ascii('user_id', 64)
    columns.ascii('kind', 16)
    columns.ascii('factor_key', 64)
    columns.text('name', 128)
    columns.document('data')
    // A passkey counts in 32 bits without a sign.
    columns.table.bigInteger('counter').notNullable()
    columns.time('created_at')
    columns.time('last_used_at').nullable()
    columns.uniqueField('factor_key', 'factor')
    columns.index('user_id', 'created_at', 'id')
    columns.dependsOn('user_id', 'users')
  })

export const down = (knex: Knex) => knex.schema.dropTable('factors')
