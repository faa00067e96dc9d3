/** How many rows a page of a list has. */
export const pageSize = 50

/** The addresses of a list: its beginning, unless this is it, and where it goes on. */
export function listing(
  query: Record<string, string>,
  nextCursor: string | null,
): { firstHref: string | undefined; nextHref: string | undefined } {
  const { cursor, done: _done, ...filter } = query
  return {
    firstHref: cursor === undefined ? undefined : hrefOf(filter),
    nextHref: nextCursor === null ? undefined : hrefOf({ ...filter, cursor: nextCursor }),
  }
}

const hrefOf = (query: Record<string, string>): string =>
  `?${new URLSearchParams(query).toString()}`
