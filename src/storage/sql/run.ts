import type { Value } from './dialect.ts'

/** Runs one statement. `Row` names the columns that the text selects; numbers arrive as numbers in every dialect. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- only who wrote the text knows what it selects
export type Run = <Row = never>(
  sql: string,
  values: readonly (Value | undefined)[],
) => Promise<{ rows: Row[]; changes: number }>
