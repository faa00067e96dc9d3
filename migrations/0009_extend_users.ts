import type { Knex } from 'knex'
import { addColumns, addIndex, addSparseIndex, fillColumn } from '#storage/sql/columns.ts'
import { searchable } from '#storage/sql/comparable.ts'

export const up = async (knex: Knex) => {
  await addColumns(knex, 'users', {
    nickname_key: (columns, name) => columns.exact(name, 512),
    avatar_url: (columns, name) => columns.text(name, 2048),
    phone: (columns, name) => columns.ascii(name, 32),
    metadata_public: (columns, name) => columns.document(name),
    metadata_private: (columns, name) => columns.document(name),
    banned_at: (columns, name) => columns.time(name),
    erase_at: (columns, name) => columns.time(name),
  })
  await addIndex(knex, 'users', ['created_at', 'id'])
  await addSparseIndex(knex, 'users', 'banned_at')
  await addSparseIndex(knex, 'users', 'erase_at')
  await fillColumn(knex, 'users', {
    from: 'nickname',
    to: 'nickname_key',
    derive: (nickname) => searchable(nickname, 512),
  })
}

export const down = (knex: Knex) =>
  knex.schema.alterTable('users', (table) => {
    table.dropIndex(['created_at', 'id'], 'users_by_created_at_id')
    table.dropIndex(['banned_at'], 'users_by_banned_at')
    table.dropIndex(['erase_at'], 'users_by_erase_at')
    table.dropColumns(
      'nickname_key',
      'avatar_url',
      'phone',
      'metadata_public',
      'metadata_private',
      'banned_at',
      'erase_at',
    )
  })
