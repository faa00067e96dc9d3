import type { Report } from './report.ts'
import type { StorageName, Teardown } from './stage.ts'

/** One fault: made to happen on each of its storages in turn, and judged by what is found afterwards. */
export interface Program {
  /** For `--only`. */
  name: string
  title: string
  storages: readonly StorageName[]
  /** Those of the short round. */
  short: readonly StorageName[]
  /** Past this the program has failed. */
  limitMs: number
  run(stage: Trial): Promise<void>
}

export interface Trial {
  /** Undone when the trial ends. */
  t: Teardown
  storage: StorageName
  isShort: boolean
  report: Report
  /** Progress, on standard error. */
  say(line: string): void
}
