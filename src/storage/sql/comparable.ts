/** How text is made comparable before it reaches a database, so that all of them agree on what is equal. */

/**
 * The form in which two e-mail addresses or usernames are compared: compatible characters are one (Unicode NFKC:
 * full-width letters, ligatures), and letters have no case.
 */
export const comparable = (text: string): string =>
  // Lower case can undo the composition: İ becomes i with a combining dot.
  text.normalize('NFKC').toLowerCase().normalize('NFKC')

/** Whether every database can hold the text: PostgreSQL has no NUL. What cannot be stored cannot be found. */
export const isStorable = (text: string): boolean => !text.includes('\0')

/**
 * Whether the text can be one of our ids: printable ASCII (RFC 6749 appendix A.1). Others must not reach a column of
 * ASCII: MySQL would refuse to compare, and would overlook spaces at the end.
 */
export const isId = (text: string): boolean => /^[\x21-\x7e]+$/.test(text)

/** The beginning of the text, of at most `length` characters, as every database can hold it. */
export function fitting(text: string, length: number): string {
  const storable = text.replaceAll('\0', '')
  // Characters are code points, as MySQL and PostgreSQL count; one is at most two of JavaScript's.
  return storable.length <= length
    ? storable
    : Array.from(storable.slice(0, 2 * length))
        .slice(0, length)
        .join('')
}

/** The form in which a name is searched: `comparable`, of at most `length` characters. Not for what must be unique. */
export const searchable = (text: string, length: number): string =>
  fitting(comparable(text), length)

/** What LIKE takes for "contains this text" with `ESCAPE '!'`: the text's own wildcards mean themselves. */
export const containing = (text: string): string => `%${startOf(text)}`

/** Likewise for "begins with this text". */
export const beginningWith = (text: string): string => startOf(text)

const startOf = (text: string): string => `${text.replaceAll(/[!%_]/g, '!$&')}%`
