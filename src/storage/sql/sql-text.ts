/** Pieces of SQL that more than one dialect is made of. */
import type { UpsertColumns } from './dialect.ts'

/** `INSERT INTO table (…) VALUES (?, …)`. */
export function insertInto(table: string, columns: readonly string[]): string {
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`
}

/** An upsert as SQLite and PostgreSQL spell it. */
export function insertOnConflict(
  table: string,
  { keys, columns, kept = [] }: UpsertColumns,
): string {
  const replaced = columns.filter((column) => !kept.includes(column))
  const updates = replaced.map((column) => `${column} = excluded.${column}`)
  const insert = insertInto(table, [...keys, ...columns])
  return `${insert} ON CONFLICT (${keys.join(', ')}) DO UPDATE SET ${updates.join(', ')}`
}

/** The record's field that an index is about. Unique indexes are named `<table>__<field>`; a primary key is the id. */
export function fieldOfIndex(index: string): string {
  if (index === 'PRIMARY' || index.endsWith('_pkey')) return 'id'
  return camelCase(index.replace(/^.*__/, ''))
}

/** `email_key` → `email`, `app_id` → `appId`: a column that holds a field in the form in which it is compared ends in `_key`. */
export const fieldOfColumn = (column: string): string => camelCase(column.replace(/_key$/, ''))

const camelCase = (name: string): string =>
  name.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase())
