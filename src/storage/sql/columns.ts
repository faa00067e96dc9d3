/**
 * What migrations are written with. Old migrations go on using these functions, so they never change their meaning:
 * a new kind of column is a new function.
 */
import type { Knex } from 'knex'
import type { Dialect } from './dialect.ts'

/** A table's columns, by our kinds. All are NOT NULL unless `.nullable()` follows. */
export interface Columns {
  table: Knex.CreateTableBuilder
  /** An id, a hash, a word of ours or of a protocol: ASCII, compared byte by byte. */
  ascii(name: string, length: number): Knex.ColumnBuilder
  /** Other text that is compared byte by byte. */
  exact(name: string, length: number): Knex.ColumnBuilder
  /** Text for people, never searched. */
  text(name: string, length: number): Knex.ColumnBuilder
  /** JSON or another long text (16 MB in MySQL), never searched. */
  document(name: string): Knex.ColumnBuilder
  /** Integer milliseconds since the epoch. */
  time(name: string): Knex.ColumnBuilder
  integer(name: string): Knex.ColumnBuilder
  boolean(name: string): Knex.ColumnBuilder
  /** Two rows never have the same `column`; a violation is reported as AlreadyExists(field). */
  uniqueField(column: string, field: string): void
  index(...columns: string[]): void
  /** An index for a column that is empty in most rows; where it can, the database leaves those out. */
  sparseIndex(column: string): void
  /** A row goes when the row of `parent` whose id `column` holds goes. */
  dependsOn(column: string, parent: string): void
}

/** Creates a table, with the options that its dialect needs. One table a migration: MySQL cannot undo two. */
export async function createTable(
  knex: Knex,
  name: string,
  describe: (columns: Columns) => void,
): Promise<void> {
  const dialect = dialectFrom(knex)
  const collation = await dialect.tableCollation(knex)
  if (!dialect.hasTransactionalDdl) await dropLeftover(knex, name)
  await knex.schema.createTable(name, (table) => {
    if (collation !== undefined) {
      table.engine('InnoDB')
      table.charset('utf8mb4')
      table.collate(collation)
    }
    describe(columnsOf(table, { knex, name, dialect }))
  })
}

/** The dialect of an instance that `open.ts` made, or of a transaction of it. */
const dialectFrom = (knex: Knex): Dialect => knex.userParams['dialect']

/**
 * A process that died between CREATE TABLE and the note that the migration ran leaves a table, perhaps without its
 * indexes. Nobody has written to it, because nobody starts before the migrations are through. A table with rows is
 * somebody's: then CREATE TABLE fails and says so.
 */
async function dropLeftover(knex: Knex, name: string): Promise<void> {
  if (!(await knex.schema.hasTable(name))) return
  const row: unknown = await knex(name).first(knex.raw('1'))
  if (row === undefined) await knex.schema.dropTable(name)
}

interface Place {
  knex: Knex
  name: string
  dialect: Dialect
}

function columnsOf(table: Knex.CreateTableBuilder, { knex, name, dialect }: Place): Columns {
  const collated = (column: string, length: number, collation: string | undefined) => {
    const builder = table.string(column, length).notNullable()
    return collation === undefined ? builder : builder.collate(collation)
  }
  return {
    table,
    ascii: (column, length) => collated(column, length, dialect.collation.ascii),
    exact: (column, length) => collated(column, length, dialect.collation.exact),
    text: (column, length) => table.string(column, length).notNullable(),
    document: (column) => table.text(column, 'mediumtext').notNullable(),
    time: (column) => table.bigInteger(column).notNullable(),
    integer: (column) => table.integer(column).notNullable(),
    boolean: (column) => table.boolean(column).notNullable(),
    uniqueField: (column, field) => {
      table.unique([column], { indexName: `${name}__${field}` })
    },
    index: (...columns) => {
      table.index(columns, `${name}_by_${columns.join('_')}`)
    },
    sparseIndex: (column) => {
      table.index([column], `${name}_by_${column}`, { predicate: knex.whereNotNull(column) })
    },
    dependsOn: (column, parent) => {
      table
        .foreign(column, `${name}_of_${parent}`)
        .references('id')
        .inTable(parent)
        .onDelete('CASCADE')
    },
  }
}
