/** Pages of rows, newest first: a page ends with a cursor, from which the next one goes on whatever was added meanwhile. */
import { InvalidCursor } from '#storage/errors.ts'
import { isId } from './comparable.ts'
import type { Value } from './dialect.ts'
import type { Run } from './run.ts'

/** Where a row stands: newest first, and by id among those of one time. */
export type Position = readonly [time: number, id: string]

/** A condition of a WHERE, and the values of its `?`. */
export type Condition = readonly [sql: string, ...values: Value[]]

export interface PageQuery {
  /** SELECT … FROM …, without WHERE. */
  select: string
  where: readonly Condition[]
  /** The columns of a row's position; absent: `created_at` and `id`. */
  time?: string
  id?: string
  limit: number
  cursor?: string | undefined
}

/** The SELECT of a page, which finds one row more than `limit` when there is another page. Throws InvalidCursor. */
export function pageText(query: PageQuery): { sql: string; values: Value[] } {
  const { select, time = 'created_at', id = 'id', limit } = query
  const where = [...query.where]
  if (query.cursor !== undefined) {
    const [lastTime, lastId] = positionOf(query.cursor)
    // Not (time, id) < (?, ?), for which MySQL uses no index.
    where.push([`${time} <= ? AND (${time} < ? OR ${id} < ?)`, lastTime, lastTime, lastId])
  }
  const conditions = where.map(([sql]) => ` (${sql})`).join(' AND')
  return {
    sql: `${select}${where.length > 0 ? ` WHERE${conditions}` : ''} ORDER BY ${time} DESC, ${id} DESC LIMIT ?`,
    // As text: MySQL 8 refuses a number here, because the driver sends every number as a floating one.
    values: [...where.flatMap(([, ...values]) => values), String(limit + 1)],
  }
}

/** What `pageText` found, without the row that is too many, and the cursor of the next page. */
export function pageOf<Row>(
  rows: readonly Row[],
  limit: number,
  positionOf: (row: Row) => Position,
): { rows: Row[]; next: string | undefined } {
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return { rows: page, next: last && rows.length > limit ? cursorOf(positionOf(last)) : undefined }
}

/** The rows of a page and the cursor of the next. Rejects with InvalidCursor. */
export async function readPage<Row>(
  run: Run,
  query: PageQuery,
  positionOf: (row: Row) => Position,
): Promise<{ rows: Row[]; next: string | undefined }> {
  const { sql, values } = pageText(query)
  const { rows } = await run<Row>(sql, values)
  return pageOf(rows, query.limit, positionOf)
}

const cursorOf = (position: Position): string =>
  Buffer.from(JSON.stringify(position)).toString('base64url')

function positionOf(cursor: string): Position {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (!Array.isArray(value)) throw new InvalidCursor()
    const [time, id]: unknown[] = value
    const isWhole = typeof id === 'string' && isId(id) && Number.isSafeInteger(time)
    if (!isWhole || cursorOf([Number(time), id]) !== cursor) throw new InvalidCursor()
    return [Number(time), id]
  } catch {
    throw new InvalidCursor()
  }
}
