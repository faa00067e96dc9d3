import type { ExecutionContext } from 'ava'
import type { Report } from './report.ts'

export type Teardown = Pick<ExecutionContext, 'teardown'>

export const storages = ['sqlite', 'postgres', 'postgres+redis', 'mysql'] as const
export type StorageName = (typeof storages)[number]

/** One kind of attack: tried on each of its storages in turn, and judged by what got through. */
export interface Program {
  /** For `--only`. */
  name: string
  title: string
  storages: readonly StorageName[]
  /** Past this the program has failed. */
  limitMs: number
  run(trial: Trial): Promise<void>
}

export interface Trial {
  /** Undone when the trial ends. */
  t: Teardown
  storage: StorageName
  isShort: boolean
  /** Of everything random, so that a failure can be repeated. */
  seed: number
  report: Report
  /** Progress, on standard error. */
  say(line: string): void
}
