import type { StorageName, Trial, TrialPlan } from '../support/trials.ts'
import type { Report } from './report.ts'

/** One fault: made to happen on each of its storages in turn, and judged by what is found afterwards. */
export interface Program extends TrialPlan {
  /** Those of the short round. */
  short: readonly StorageName[]
  run(trial: Trial & { report: Report }): Promise<void>
}
