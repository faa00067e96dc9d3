import type { ExecutionContext } from 'ava'
import { startServers, type Servers } from './servers.ts'

/** What the programs of `test/fault` and `test/attack` share: the storages, the options, and a trial that always ends. */
export type Teardown = Pick<ExecutionContext, 'teardown'>

export const storages = ['sqlite', 'postgres', 'postgres+redis', 'mysql'] as const
export type StorageName = (typeof storages)[number]

export interface Trial {
  /** Undone when the trial ends. */
  t: Teardown
  storage: StorageName
  isShort: boolean
  /** Progress, on standard error. */
  say(line: string): void
}

export interface TrialPlan {
  /** For `--only`. */
  name: string
  title: string
  storages: readonly StorageName[]
  /** Past this the program has failed. */
  limitMs: number
}

/** The names of a list such as `kill,redis`; all when there is none. Throws on one that does not exist. */
export function chosen(list: string | undefined, all: readonly string[]): Set<string> {
  const names = list?.split(',') ?? all
  const unknown = names.find((name) => !all.includes(name))
  if (unknown !== undefined) throw new Error(`${unknown} is none of ${all.join(', ')}`)
  return new Set(names)
}

/** Starts the servers that are installed, ends the process with what `run` resolves to. With CI=true all must be there. */
export async function withServers(
  run: (isThere: (storage: StorageName) => boolean) => Promise<number>,
): Promise<never> {
  const servers = await startServers()
  Object.assign(process.env, servers.env)
  try {
    const isComplete = sayMissing(servers) || process.env['CI'] !== 'true'
    process.exitCode = isComplete ? await run((storage) => isThere(servers, storage)) : 1
  } finally {
    await servers.stop()
  }
  // Requests that still hang must not keep the process alive.
  process.exit()
}

function sayMissing({ missing }: Servers): boolean {
  const needed = missing.filter(({ name }) => name !== 'Chromium')
  for (const { name, install } of needed)
    console.log(`skipped: ${name} is not installed (${install})`)
  return needed.length === 0
}

function isThere({ env }: Servers, storage: StorageName): boolean {
  const { TEST_POSTGRES_URL, TEST_MYSQL_URL, TEST_REDIS_URL } = env
  const [database, redis] = storage.split('+')
  const url = { sqlite: 'here', postgres: TEST_POSTGRES_URL, mysql: TEST_MYSQL_URL }[database!]
  return url !== undefined && (redis === undefined || TEST_REDIS_URL !== undefined)
}

/** Runs one program on one storage. `fail` hears of an error, and of a program that does not end in time. */
export async function tryOut(
  { name, limitMs }: TrialPlan,
  { storage, isShort }: Pick<Trial, 'storage' | 'isShort'>,
  { run, fail }: { run(trial: Trial): Promise<void>; fail(error: unknown): void },
): Promise<void> {
  const undo: (() => unknown)[] = []
  const t = { teardown: (work: () => unknown) => void undo.push(work) }
  const begun = performance.now()
  const say = (line: string): void => {
    const seconds = Math.round((performance.now() - begun) / 1000)
    process.stderr.write(`${name}, ${storage}, ${seconds} s: ${line}\n`)
  }
  const { promise: late, reject } = Promise.withResolvers<never>()
  const limit = setTimeout(() => reject(new Error('it did not end')), limitMs)
  try {
    await Promise.race([run({ t, storage, isShort, say }), late])
  } catch (error) {
    fail(error)
    say(error instanceof Error ? (error.stack ?? '') : '')
  } finally {
    clearTimeout(limit)
    for (const work of undo.toReversed()) {
      // What is still under way after the limit may fail in any way.
      await Promise.resolve(work()).catch((error: unknown) =>
        say(`while it ended: ${String(error)}`),
      )
    }
  }
}
