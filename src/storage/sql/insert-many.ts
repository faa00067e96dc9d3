import { insertInto } from './sql-text.ts'
import type { Run } from './run.ts'

/** How many rows one INSERT takes: a few sizes, so that there are a few texts. */
const sizes = [100, 25, 5, 1]

/**
 * An INSERT of any number of rows, in few statements; resolves to how many were written. Whole only within a
 * transaction. `textOf` writes the statement, where it is another INSERT than the plain one.
 */
export function createInsertMany(
  table: string,
  columns: readonly string[],
  textOf: typeof insertInto = insertInto,
) {
  const texts = sizes.map((size) => ({ size, sql: textOf(table, columns, size) }))
  return async (run: Run, rows: readonly Parameters<Run>[1][]): Promise<number> => {
    let written = 0
    for (let start = 0; start < rows.length;) {
      const left = rows.length - start
      const { size, sql } = texts.find(({ size }) => size <= left) ?? { size: left, sql: '' }
      written += (await run(sql, rows.slice(start, start + size).flat())).changes
      start += size
    }
    return written
  }
}
