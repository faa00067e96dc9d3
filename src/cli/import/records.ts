import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'

/**
 * Cuts a file into records, reading it in pieces: a record is a line or, in CSV, what ends at a line break outside of
 * quotes (RFC 4180 §2). Says where each one ends, so that a later run can go on from there.
 */
export interface FileRecord {
  /** Without its line break; undefined when it cannot be read, and then `problem` says why. */
  text: string | undefined
  problem?: 'too_long' | 'not_utf8'
  /** Of its beginning, from 1. */
  line: number
  /** The place in the file after it, and the line there. */
  end: Position
}

export interface Position {
  offset: number
  line: number
}

export type Format = 'jsonl' | 'csv'

/** Longest record in bytes. */
const longest = 1024 * 1024

/** Where the first record begins: after the byte order mark, if there is one. */
export async function beginningOf(path: string): Promise<Position> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(3), 0, 3, 0)
    const hasMark = bytesRead === 3 && buffer.equals(Buffer.from([0xef, 0xbb, 0xbf]))
    return { offset: hasMark ? 3 : 0, line: 1 }
  } finally {
    await file.close()
  }
}

/** Rejects when a CSV record does not end: a quote is missing, and what follows would be guesswork. */
export async function* readRecords(
  path: string,
  { format, from }: { format: Format; from: Position },
): AsyncGenerator<FileRecord> {
  const nextEnd = format === 'csv' ? csvEnds() : lineEnds
  let pieces: Buffer[] = []
  let length = 0
  let start = from
  let { line } = from

  const finish = (offset: number): FileRecord => {
    const end = { offset, line }
    const record = { ...textOf(pieces, length), line: start.line, end }
    pieces = []
    length = 0
    start = end
    return record
  }
  const take = (piece: Buffer): void => {
    length += piece.length
    if (length <= longest) pieces.push(piece)
    else if (format === 'csv')
      throw new Error(`Line ${start.line}: the record does not end. Is a quote missing?`)
    else pieces = []
  }

  let offset = from.offset
  for await (const chunk of createReadStream(path, {
    start: from.offset,
  }) as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length;) {
      const { end, lines } = nextEnd(chunk, at)
      take(chunk.subarray(at, end < 0 ? chunk.length : end))
      line += lines
      at = end < 0 ? chunk.length : end + 1
      if (end >= 0) yield finish(offset + at)
    }
    offset += chunk.length
  }
  if (length > 0) yield finish(offset)
}

const lineFeed = 0x0a
const carriageReturn = 0x0d
const quote = 0x22
const comma = 0x2c

/** Where the record ends (-1: not in this chunk) and how many line breaks were passed. */
type NextEnd = (chunk: Buffer, from: number) => { end: number; lines: number }

const lineEnds: NextEnd = (chunk, from) => {
  const end = chunk.indexOf(lineFeed, from)
  return { end, lines: end < 0 ? 0 : 1 }
}

/** Remembers between chunks whether it is within quotes. A quote within a field that did not begin with one means itself. */
function csvEnds(): NextEnd {
  let state: 'start' | 'plain' | 'quoted' | 'closed' = 'start'
  return (chunk, from) => {
    let lines = 0
    for (let at = from; at < chunk.length; at += 1) {
      const byte = chunk[at]
      if (byte === lineFeed) lines += 1
      if (state === 'quoted') {
        if (byte === quote) state = 'closed'
      } else if (byte === lineFeed) {
        state = 'start'
        return { end: at, lines }
      } else if (byte === quote && state !== 'plain') state = 'quoted'
      else state = byte === comma ? 'start' : 'plain'
    }
    return { end: -1, lines }
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(pieces: readonly Buffer[], length: number): Pick<FileRecord, 'text' | 'problem'> {
  if (length > longest) return { text: undefined, problem: 'too_long' }
  const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
  const end = bytes.at(-1) === carriageReturn ? bytes.length - 1 : bytes.length
  try {
    return { text: utf8.decode(bytes.subarray(0, end)) }
  } catch {
    return { text: undefined, problem: 'not_utf8' }
  }
}
