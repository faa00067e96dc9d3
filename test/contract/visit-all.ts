/** Every record of every page, from the first page to the one without a next. */
export async function visitAll<T>(
  read: (cursor: string | undefined) => Promise<{ records: T[]; next: string | undefined }>,
): Promise<T[]> {
  const seen: T[] = []
  let cursor: string | undefined
  do {
    const { records, next } = await read(cursor)
    seen.push(...records)
    cursor = next
  } while (cursor !== undefined)
  return seen
}

/** What no one was ever given as a `next`. */
export const garbledCursors = [
  '',
  'x',
  '张',
  ...[
    '{}',
    '[]',
    '[1]',
    '["1","a"]',
    '[1.5,"a"]',
    '[1,"é"]',
    '[1,"a",2]',
    '[1, "a"]',
    '[1,"a b"]',
  ].map((text) => Buffer.from(text).toString('base64url')),
]
