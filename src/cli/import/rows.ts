import { csvFields } from './csv.ts'
import { beginningOf, readRecords, type Format, type Position } from './records.ts'
import { rowFields, type Row } from './row.ts'

/** The rows of a file of people: one JSON object a line, or CSV whose first record names the fields. */
export interface FileRow {
  /** Undefined when the record is none, and then `reason` says why. */
  row: Row | undefined
  reason?: string
  line: number
  end: Position
}

export interface RowSource {
  path: string
  format: Format
  /** Our name of a field → its name in the file; an empty one means that the field is left out. */
  map: ReadonlyMap<string, string>
  /** Called with the name of a field that nothing is made of. */
  onIgnored(name: string): void
}

/** Goes on at `from`, the `end` of a row of an earlier run; from the beginning without it. Empty lines are nothing. */
export async function* readRows(source: RowSource, from?: Position): AsyncGenerator<FileRow> {
  const { path, format } = source
  const pick = picker(source)
  const beginning = await beginningOf(path)
  const header = format === 'csv' ? await headerOf(source, beginning) : undefined

  for await (const { text, problem, line, end } of readRecords(path, {
    format,
    from: from ?? header?.end ?? beginning,
  })) {
    if (problem) yield { row: undefined, reason: problem, line, end }
    else if (text!.trim() !== '') {
      const read = header ? csvRow(text!, header.names) : jsonRow(text!)
      yield { ...read, row: read.row && pick(read.row), line, end }
    }
  }
}

interface Header {
  names: string[]
  end: Position
}

async function headerOf({ path, map }: RowSource, from: Position): Promise<Header> {
  for await (const { text, end } of readRecords(path, { format: 'csv', from })) {
    const names = text === undefined ? undefined : csvFields(text)?.map((name) => name.trim())
    if (!names || new Set(names).size < names.length)
      throw new Error('The first line must name the columns, each once.')
    const identifiers = ['email', 'username'].map((field) => map.get(field) ?? field)
    if (!identifiers.some((name) => names.includes(name))) {
      throw new Error(
        'No column is called email or username. Is it separated by commas? Other names are told by --map.',
      )
    }
    return { names, end }
  }
  throw new Error('The file is empty.')
}

type Read = Pick<FileRow, 'row' | 'reason'>

function jsonRow(text: string): Read {
  try {
    const value = JSON.parse(text) as unknown
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return { row: value as Row }
  } catch {
    // Said below.
  }
  return { row: undefined, reason: 'json_invalid' }
}

function csvRow(text: string, names: readonly string[]): Read {
  const fields = csvFields(text)
  if (!fields) return { row: undefined, reason: 'csv_invalid' }
  if (fields.length !== names.length) return { row: undefined, reason: 'csv_columns' }
  return { row: Object.fromEntries(names.map((name, index) => [name, fields[index]])) }
}

/** Renames fields to ours and leaves out what is empty. */
function picker({ map, onIgnored }: RowSource): (row: Row) => Row {
  const sources = new Map(rowFields.map((field) => [field, map.get(field) ?? field]))
  const isNickname = sources.get('nickname') === 'nickname'
  const used = new Set([...sources.values(), ...map.values(), ...(isNickname ? ['name'] : [])])
  const dropped = new Set([...map].filter(([, name]) => name === '').map(([field]) => field))

  return (row) => {
    const picked: Row = {}
    for (const [field, name] of sources) {
      const value = valueOf(row, name)
      if (value !== undefined) picked[field] = value
    }
    if (isNickname) picked['nickname'] ??= valueOf(row, 'name')
    for (const name of Object.keys(row)) if (!used.has(name) && !dropped.has(name)) onIgnored(name)
    return picked
  }
}

function valueOf(row: Row, name: string): unknown {
  const value = Object.hasOwn(row, name) ? row[name] : undefined
  const isEmpty = value === null || (typeof value === 'string' && value.trim() === '')
  return isEmpty ? undefined : value
}
