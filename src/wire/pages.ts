import { z } from 'zod'
import { text } from '#http/api.ts'

/** The query of every list: a page of at most `limit`, newest first; `cursor` is the `next_cursor` of the page before. */
export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: text(512).optional(),
})

export const nextCursor = z
  .string()
  .nullable()
  .describe('Cursor of the next page; null on the last one.')

export const iso = (time: number): string => new Date(time).toISOString()

export const isoOrNull = (time: number | undefined): string | null =>
  time === undefined ? null : iso(time)
