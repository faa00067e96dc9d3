import { stripVTControlCharacters } from 'node:util'

export interface Tally {
  passed: number
  failed: number
  skipped: number
}

/** What ava's closing summary calls a failure; each line begins with its count. */
const failures = [
  /^(\d+) tests? failed$/,
  /^(\d+) hooks? failed$/,
  /^(\d+) unhandled rejections?$/,
  /^(\d+) uncaught exceptions?$/,
  /^(\d+) tests? remained pending after a timeout$/,
]

/**
 * Counts the results in what ava's own reporter printed. A run that ended badly without a failed test (no test found,
 * a crash, a file that could not be loaded) counts as one failure, so that the line never reads better than the exit code.
 */
export function tally(report: string, exitCode: number): Tally {
  const lines = stripVTControlCharacters(report).split(/\r?\n/)
  const closing = lines.findLastIndex((line) => line.trim() === '─')
  const listed = closing === -1 ? lines : lines.slice(0, closing)
  const summary = closing === -1 ? [] : lines.slice(closing + 1).map((line) => line.trim())

  // With a failure the summary does not say how many passed; the list of tests does.
  const ticks = listed.filter((line) => /^ {2}[✔√] (?!\[expected fail\])/.test(line)).length
  const passed = sum(summary, [/^(\d+) tests? passed$/]) || ticks
  const failed = sum(summary, failures)
  const skipped = sum(summary, [/^(\d+) tests? skipped$/])
  return { passed, failed: exitCode !== 0 && failed === 0 ? 1 : failed, skipped }
}

/** `N passed, N failed`, and `, N skipped` when there are some. */
export function formatTally({ passed, failed, skipped }: Tally): string {
  const line = `${passed} passed, ${failed} failed`
  return skipped === 0 ? line : `${line}, ${skipped} skipped`
}

function sum(lines: readonly string[], patterns: readonly RegExp[]): number {
  let total = 0
  for (const line of lines) {
    for (const pattern of patterns) total += Number(pattern.exec(line)?.[1] ?? 0)
  }
  return total
}
