import type { Knex } from 'knex'
import { createTable } from '#storage/sql/columns.ts'

export const up = (knex: Knex) =>
  createTable(knex, 'users', (columns) => {
    columns.ascii('id', 64).primary()
    columns.text('email', 320).nullable()
    columns.exact('email_key', 640).nullable()
    columns.boolean('email_verified')
    columns.text('username', 128).nullable()
    columns.exact('username_key', 256).nullable()
    columns.text('nickname', 255).nullable()
    columns.ascii('locale', 64).nullable()
    columns.time('created_at')
    columns.time('updated_at')
    columns.time('last_login_at').nullable()
    columns.integer('login_count')
    columns.uniqueField('email_key', 'email')
    columns.uniqueField('username_key', 'username')
  })

export const down = (knex: Knex) => knex.schema.dropTable('users')
