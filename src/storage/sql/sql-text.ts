/** Pieces of SQL that more than one dialect is made of. */
import type { UpsertColumns } from './dialect.ts'

/** `INSERT INTO table (…) VALUES (?, …)`, with places for so many rows. */
export function insertInto(table: string, columns: readonly string[], rows = 1): string {
  const row = `(${marks(columns.length)})`
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES ${Array(rows).fill(row).join(', ')}`
}

/** `insertInto` as SQLite and PostgreSQL spell "unless a row has the key": it writes the others. */
export const insertMissing: typeof insertInto = (table, columns, rows) =>
  `${insertInto(table, columns, rows)} ON CONFLICT DO NOTHING`

/** So many `?`. */
export const marks = (count: number): string => Array(count).fill('?').join(', ')

/** An upsert as SQLite and PostgreSQL spell it. */
export function insertOnConflict(
  table: string,
  { keys, columns, kept = [] }: UpsertColumns,
): string {
  const replaced = columns.filter((column) => !kept.includes(column))
  const updates = replaced.map((column) => `${column} = excluded.${column}`)
  const insert = insertInto(table, [...keys, ...columns])
  return `${insert} ${onConflict(keys)} ${updates.join(', ')}`
}

/** `onConflict` as SQLite and PostgreSQL spell it. */
export const onConflict = (keys: readonly string[]): string =>
  `ON CONFLICT (${keys.join(', ')}) DO UPDATE SET`

/** The record's field that an index is about. Unique indexes are named `<table>__<field>`; a primary key is the id. */
export function fieldOfIndex(index: string): string {
  if (index === 'PRIMARY' || index.endsWith('_pkey')) return 'id'
  return camelCase(index.replace(/^.*__/, ''))
}

/** `email_key` → `email`, `app_id` → `appId`: a column that holds a field in the form in which it is compared ends in `_key`. */
export const fieldOfColumn = (column: string): string => camelCase(column.replace(/_key$/, ''))

const camelCase = (name: string): string =>
  name.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase())
