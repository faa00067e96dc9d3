import type { Trial as AnyTrial, TrialPlan } from '../support/trials.ts'
import type { Report } from './report.ts'

/** One kind of attack: tried on each of its storages in turn, and judged by what got through. */
export interface Program extends TrialPlan {
  run(trial: Trial): Promise<void>
}

export interface Trial extends AnyTrial {
  /** Of everything random, so that a failure can be repeated. */
  seed: number
  report: Report
}
