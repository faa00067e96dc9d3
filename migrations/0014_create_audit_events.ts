import type { Knex } from 'knex'
import { createTable } from '#storage/sql/columns.ts'

/** No reference to users or clients: an event outlives what it is about. */
export const up = (knex: Knex) =>
  createTable(knex, 'audit_events', (columns) => {
    columns.ascii('id', 64).primary()
    columns.time('at')
    columns.exact('type', 128)
    columns.exact('actor', 600).nullable()
    columns.exact('target', 600).nullable()
    columns.exact('client_id', 255).nullable()
    columns.exact('address', 64).nullable()
    columns.text('agent', 1024).nullable()
    columns.exact('trace_id', 64).nullable()
    columns.document('details').nullable()
    columns.index('at', 'id')
    columns.index('type', 'at', 'id')
    columns.index('actor', 'at', 'id')
    columns.index('target', 'at', 'id')
  })

export const down = (knex: Knex) => knex.schema.dropTable('audit_events')
