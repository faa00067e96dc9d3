import { insertInto } from './sql-text.ts'
import type { Run } from './statements.ts'

/** How many rows one INSERT takes: a few sizes, so that there are a few texts. */
const sizes = [100, 25, 5, 1]

/** An INSERT of any number of rows, in few statements. Whole only within a transaction. */
export function createInsertMany(table: string, columns: readonly string[]) {
  const texts = sizes.map((size) => ({ size, sql: insertInto(table, columns, size) }))
  return async (run: Run, rows: readonly Parameters<Run>[1][]): Promise<void> => {
    for (let start = 0; start < rows.length;) {
      const left = rows.length - start
      const { size, sql } = texts.find(({ size }) => size <= left) ?? { size: left, sql: '' }
      await run(sql, rows.slice(start, start + size).flat())
      start += size
    }
  }
}
