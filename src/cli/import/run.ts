import { stat } from 'node:fs/promises'
import type { NewUser } from '#storage/users.ts'
import { openProgress, type Counts, type Progress } from './progress.ts'
import type { Format, Position } from './records.ts'
import { openReport, type Refusal } from './report.ts'
import { userOf, type Row, type RowContext } from './row.ts'
import { readRows, type FileRow } from './rows.ts'
import { isThereAlready, type Target } from './target.ts'

/**
 * Brings people from a file into the storage, batch by batch. The file is never whole in memory. After each batch the
 * place is kept, so that an import that was interrupted goes on where it was; what was written and not yet noted is
 * known again, and counts as there already.
 */
export interface Import {
  path: string
  format: Format
  map: ReadonlyMap<string, string>
  /** Rows at a time. */
  batch: number
  dryRun: boolean
  reportPath: string
}

export interface ImportParts {
  target: Target
  context: RowContext
  /** After each batch: what it came to with the ids of who was created, and how far the file is read. */
  onBatch(
    batch: Counts & { userIds: readonly string[] },
    sofar: { counts: Counts; position: Position },
  ): Promise<void>
  onBegin(about: { size: number; resumed: Progress | undefined }): void
}

export interface ImportResult extends Counts {
  /** Names of fields that nothing was made of. */
  ignored: string[]
  hasReport: boolean
}

export async function importUsers(given: Import, parts: ImportParts): Promise<ImportResult> {
  const { path, format, map, dryRun } = given
  const { size } = await stat(path)
  const options = JSON.stringify([format, [...map]])
  const progress = dryRun ? undefined : await openProgress(path, options)
  const resume = progress?.resume
  const counts = { created: 0, present: 0, refused: 0, ...resume?.counts }
  const report = await openReport(given.reportPath, resume?.reportBytes ?? 0)
  const ignored = new Set<string>()
  const source = { path, format, map, onIgnored: (name: string) => void ignored.add(name) }

  parts.onBegin({ size, resumed: resume })
  try {
    for await (const rows of batchesOf(readRows(source, resume?.position), given.batch)) {
      const outcome = await importBatch(rows, parts)
      for (const name of ['created', 'present', 'refused'] as const) counts[name] += outcome[name]
      const position = rows.at(-1)!.end
      await report.add(outcome.refusals)
      await parts.onBatch(outcome, { counts, position })
      await progress?.save({ position, counts, reportBytes: report.bytes })
    }
  } finally {
    await report.close()
  }
  await progress?.remove()
  return { ...counts, ignored: [...ignored], hasReport: report.bytes > 0 }
}

async function* batchesOf(rows: AsyncIterable<FileRow>, size: number): AsyncGenerator<FileRow[]> {
  let batch: FileRow[] = []
  for await (const row of rows) {
    batch.push(row)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

interface Outcome extends Counts {
  userIds: string[]
  refusals: Refusal[]
}

async function importBatch(
  rows: readonly FileRow[],
  { target, context }: ImportParts,
): Promise<Outcome> {
  const refusals: Refusal[] = []
  const good: { user: NewUser; from: FileRow }[] = []
  for (const from of rows) {
    const { row, reason, line } = from
    const user = row ? userOf(row, context) : { reasons: [reason!] }
    if ('reasons' in user)
      refusals.push({ line, reason: user.reasons.join(', '), identifier: identifierOf(row) })
    else good.push({ user, from })
  }

  const taken = await target.write(good.map(({ user }) => user))
  const doubtful = good.flatMap((one, index) => {
    const field = taken[index]
    return field === undefined ? [] : [{ ...one, field }]
  })
  const present = await inTurns(doubtful, ({ user, field }) => isThereAlready(target, user, field))
  doubtful.forEach(({ from, field }, index) => {
    if (!present[index])
      refusals.push({
        line: from.line,
        reason: `${field}_taken`,
        identifier: identifierOf(from.row),
      })
  })
  return {
    created: good.length - doubtful.length,
    userIds: good.flatMap(({ user }, index) => (taken[index] === undefined ? [user.id] : [])),
    present: present.filter(Boolean).length,
    refused: refusals.length,
    refusals: refusals.toSorted((a, b) => a.line - b.line),
  }
}

/** A few at a time: the storage has so many connections. */
async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let start = 0; start < items.length; start += 8)
    results.push(...(await Promise.all(items.slice(start, start + 8).map(work))))
  return results
}

/** How to find the row again. Nothing that might be a hash in the wrong column. */
function identifierOf(row: Row | undefined): string | undefined {
  const value = [row?.['email'], row?.['username'], row?.['id']].find(
    (one) => typeof one === 'string' || typeof one === 'number',
  )
  if (value === undefined) return undefined
  const text = String(value)
  return text.length > 254 || /[$=]/.test(text) ? undefined : text
}
