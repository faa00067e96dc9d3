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

/** A new column, by the kind it is of: `(columns, name) => columns.text(name, 255)`. Empty in the rows that are there. */
type NewColumn = (columns: Columns, name: string) => Knex.ColumnBuilder

/** Adds columns to a table in one statement; all of them NULL may be in. */
export async function addColumns(
  knex: Knex,
  table: string,
  added: Readonly<Record<string, NewColumn>>,
): Promise<void> {
  const dialect = dialectFrom(knex)
  const names = Object.entries(added)
  // A process that died before the note that the migration ran has added all of them or none.
  const isLeftover = ([name]: (typeof names)[number]) => knex.schema.hasColumn(table, name)
  if (!dialect.hasTransactionalDdl && names[0] && (await isLeftover(names[0]))) return
  await knex.schema.alterTable(table, (builder) => {
    const columns = columnsOf(builder, { knex, name: table, dialect })
    for (const [name, add] of names) add(columns, name).nullable()
  })
}

/** Adds an integer column that is 0 in every row. */
export async function addCounter(knex: Knex, table: string, column: string): Promise<void> {
  if (!dialectFrom(knex).hasTransactionalDdl && (await knex.schema.hasColumn(table, column))) return
  await knex.schema.alterTable(table, (builder) => {
    builder.integer(column).notNullable().defaultTo(0)
  })
}

/** Adds an index to a table, as `Columns.index` does. */
export const addIndex = (knex: Knex, table: string, columns: readonly string[]): Promise<void> =>
  unlessLeft(knex, { table, columns }, (builder) => builder.index(...columns))

/** Adds an index to a table, as `Columns.sparseIndex` does. */
export const addSparseIndex = (knex: Knex, table: string, column: string): Promise<void> =>
  unlessLeft(knex, { table, columns: [column] }, (builder) => builder.sparseIndex(column))

async function unlessLeft(
  knex: Knex,
  { table, columns }: { table: string; columns: readonly string[] },
  add: (columns: Columns) => void,
): Promise<void> {
  const dialect = dialectFrom(knex)
  if (await dialect.hasLeftIndex(knex, table, indexName(table, columns))) return
  await knex.schema.alterTable(table, (builder) => {
    add(columnsOf(builder, { knex, name: table, dialect }))
  })
}

/** Gives `to` what `derive` makes of `from` in every row that has one, some rows at a time. The table's key is `id`. */
export async function fillColumn(
  knex: Knex,
  table: string,
  { from, to, derive }: { from: string; to: string; derive: (text: string) => string | undefined },
): Promise<void> {
  for (let last = ''; ;) {
    const rows: { id: string; text: string }[] = await knex(table)
      .select('id', { text: from })
      .whereNotNull(from)
      .where('id', '>', last)
      .orderBy('id')
      .limit(1000)
    // In one transaction, because each of its own would wait for the disk.
    await knex.transaction(async (transaction) => {
      for (const { id, text } of rows) {
        const derived = derive(text)
        if (derived !== undefined) await transaction(table).where('id', id).update(to, derived)
      }
    })
    const end = rows.at(-1)
    if (!end) return
    last = end.id
  }
}

const indexName = (table: string, columns: readonly string[]): string =>
  `${table}_by_${columns.join('_')}`

/** The dialect of an instance that `open.ts` made, or of a transaction of it. */
const dialectFrom = (knex: Knex): Dialect => knex.userParams['dialect']

/**
 * A process that died between CREATE TABLE and the note that the migration ran leaves a table, perhaps without its
 * indexes. No one has written to it, because no one starts before the migrations are through. A table with rows is
 * someone's: then CREATE TABLE fails and says so.
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
      table.index(columns, indexName(name, columns))
    },
    sparseIndex: (column) => {
      table.index([column], indexName(name, [column]), { predicate: knex.whereNotNull(column) })
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
