import type { StorageName } from '../support/trials.ts'

/** What one attack achieved. */
export interface Row {
  attack: string
  /** How many times it was tried, or how. */
  tried: number | string
  /** What got through; the aim is met when nothing did. */
  against: readonly string[]
  /** Where the number of what got through is not what was found. */
  found?: string
  /** Where the aim is not that nothing gets through. */
  aim?: string
}

/** What one program has found on one storage. */
export interface Report {
  row(row: Row): void
  rows: (Row & { storage: StorageName })[]
}

export function createReport(storage: StorageName): Report {
  const rows: Report['rows'] = []
  return { rows, row: (row) => void rows.push({ ...row, storage }) }
}

/** A Markdown table, and below it what got through. */
export function format(title: string, rows: Report['rows']): string {
  const lines = rows.map(({ storage, attack, tried, against, found, aim }) =>
    [
      storage,
      attack,
      tried,
      found ?? against.length,
      aim ?? 0,
      against.length === 0 ? 'yes' : '**no**',
    ]
      .map((cell) => String(cell).replaceAll('|', '\\|').replaceAll('\n', ' '))
      .join(' | '),
  )
  const missed = rows.flatMap(({ storage, attack, against }) =>
    mostFrequent(against).map(([text, count]) => `- ${storage}, ${attack}: ${count} × ${text}`),
  )
  return [
    `\n## ${title}\n`,
    '| storage | attack | tried | found | aim | met |',
    '| --- | --- | --- | --- | --- | --- |',
    ...lines.map((line) => `| ${line} |`),
    ...(missed.length > 0 ? ['', ...missed] : []),
    '',
  ].join('\n')
}

const shown = 10

function mostFrequent(texts: readonly string[]): [string, number][] {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return [...counts].toSorted(([, a], [, b]) => b - a).slice(0, shown)
}
