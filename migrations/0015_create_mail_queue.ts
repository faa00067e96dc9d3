import type { Knex } from 'knex'
import { createTable } from '#storage/sql/columns.ts'

export const up = (knex: Knex) =>
  createTable(knex, 'mail_queue', (columns) => {
    columns.ascii('id', 64).primary()
    columns.text('recipient', 320)
    columns.exact('recipient_key', 640)
    columns.document('subject')
    columns.document('sealed_body')
    columns.time('created_at')
    columns.integer('attempts')
    columns.time('next_attempt_at')
    columns.document('last_error').nullable()
    columns.ascii('state', 16)
    columns.index('state', 'next_attempt_at')
    columns.index('recipient_key', 'created_at')
    columns.index('created_at', 'id')
  })

export const down = (knex: Knex) => knex.schema.dropTable('mail_queue')
