/** One deliberate fault: what stands in a file, what stands there instead, and why a test must notice. */
export interface Mutant {
  /** Unique among all. */
  id: string
  file: string
  /** Text that the file has exactly once. */
  before: string
  after: string
  /** One sentence: what goes wrong with it. */
  reason: string
  /** The test files that should notice, the likeliest first. */
  tests: string[]
  /** Of these tests the ones whose titles fit, as ava's `--match` has it: the storage's are many. */
  match?: string
  /** What the tests need beside SQLite. */
  needs?: Server
}

export type Server = 'redis' | 'postgres'

export interface Outcome {
  verdict: Verdict
  /** The test that failed first, or what went wrong. */
  detail: string
  seconds: number
}

/**
 * `killed`: a test failed. Everything else counts against the suite: `survived`; `invalid`, a mutant that is no program or
 * no longer fits its file; `crashed`, a run that ended badly without a failed test; `timeout`.
 */
export type Verdict = 'killed' | 'survived' | 'invalid' | 'crashed' | 'timeout'
