/**
 * `npm run test:attacks`: attacks a server as a stranger, a thief or another client would, and counts what gets through.
 * Exits non-zero when an aim is missed. `--only race,fuzz` and `--storage sqlite,mysql` choose, `--short` takes a few
 * minutes, `--seed` repeats a run; see README.md.
 */
import { parseArgs } from 'node:util'
import { startServers } from '../support/servers.ts'
import { storages, type Program, type StorageName } from './program.ts'
import { programs } from './programs.ts'
import { createReport, format, type Report } from './report.ts'

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    storage: { type: 'string' },
    short: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const only = chosen(
  options.only,
  programs.map(({ name }) => name),
)
const wanted = chosen(options.storage, storages)

const servers = await startServers()
Object.assign(process.env, servers.env)
try {
  process.exitCode = await runAll()
} finally {
  await servers.stop()
}
// Requests that still hang must not keep the process alive.
process.exit()

async function runAll(): Promise<number> {
  for (const { name, install } of servers.missing) {
    if (name === 'Chromium') continue
    console.log(`skipped: ${name} is not installed (${install})`)
    if (process.env['CI'] !== 'true') continue
    console.log('CI=true: every server must be installed')
    return 1
  }
  console.log(`seed ${options.seed}`)
  const rows: Report['rows'] = []
  for (const program of programs.filter(({ name }) => only.has(name))) {
    const found: Report['rows'] = []
    const here = program.storages.filter((storage) => wanted.has(storage) && isThere(storage))
    for (const storage of here) found.push(...(await tryOut(program, storage)))
    rows.push(...found)
    console.log(format(`${program.name}: ${program.title}`, found))
  }
  const failed = rows.filter(({ against }) => against.length > 0).length
  console.log(`${rows.length - failed} passed, ${failed} failed`)
  return failed > 0 || rows.length === 0 ? 1 : 0
}

async function tryOut(program: Program, storage: StorageName): Promise<Report['rows']> {
  const undo: (() => unknown)[] = []
  const t = { teardown: (work: () => unknown) => void undo.push(work) }
  const report = createReport(storage)
  const begun = performance.now()
  const say = (line: string): void =>
    void process.stderr.write(
      `${program.name}, ${storage}, ${Math.round((performance.now() - begun) / 1000)} s: ${line}\n`,
    )
  const { promise: late, reject } = Promise.withResolvers<never>()
  const limit = setTimeout(() => reject(new Error('it did not end')), program.limitMs)
  const trial = { t, storage, isShort: options.short, seed: Number(options.seed), report, say }
  try {
    await Promise.race([program.run(trial), late])
  } catch (error) {
    report.row({ attack: 'the program runs to its end', tried: 1, against: [String(error)] })
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
  return report.rows
}

function isThere(storage: StorageName): boolean {
  const { TEST_POSTGRES_URL, TEST_MYSQL_URL, TEST_REDIS_URL } = servers.env
  const [database, redis] = storage.split('+')
  const url = { sqlite: 'here', postgres: TEST_POSTGRES_URL, mysql: TEST_MYSQL_URL }[database!]
  return url !== undefined && (redis === undefined || TEST_REDIS_URL !== undefined)
}

function chosen(list: string | undefined, all: readonly string[]): Set<string> {
  const names = list?.split(',') ?? all
  const unknown = names.find((name) => !all.includes(name))
  if (unknown !== undefined) throw new Error(`${unknown} is none of ${all.join(', ')}`)
  return new Set(names)
}
