import type { Knex } from 'knex'
import { createTable } from '#storage/sql/columns.ts'

/** `identity_key` is a hash of provider, app and subject, which together are too long for an index of MySQL's. */
export const up = (knex: Knex) =>
  createTable(knex, 'identities', (columns) => {
    columns.ascii('id', 64).primary()
    columns.ascii('identity_key', 64)
    columns.ascii('user_id', 64)
    columns.exact('provider', 255)
    columns.exact('app_id', 255)
    columns.exact('subject', 255)
    columns.exact('union_id', 255).nullable()
    columns.document('profile')
    columns.time('created_at')
    columns.time('last_used_at')
    columns.uniqueField('identity_key', 'identity')
    columns.index('user_id', 'created_at', 'id')
    columns.dependsOn('user_id', 'users')
  })

export const down = (knex: Knex) => knex.schema.dropTable('identities')
