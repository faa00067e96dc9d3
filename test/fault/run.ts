/**
 * `npm run test:faults`: breaks what a server depends on, and checks what it promised. Exits non-zero when an aim is missed.
 * `--only kill,redis` and `--storage sqlite,mysql` choose, `--short` takes a minute; see README.md.
 */
import { parseArgs } from 'node:util'
import PQueue from 'p-queue'
import { startServers } from '../support/servers.ts'
import { clock } from './clock.ts'
import { database } from './database.ts'
import { disk } from './disk.ts'
import { kill } from './kill.ts'
import { mail } from './mail.ts'
import type { Program } from './program.ts'
import { redis } from './redis.ts'
import { replicas } from './replicas.ts'
import { createReport } from './report.ts'
import { shutdown } from './shutdown.ts'
import { storages, type StorageName } from './stage.ts'
import { wechat } from './wechat.ts'

const programs: readonly Program[] = [
  kill,
  redis,
  database,
  disk,
  clock,
  mail,
  wechat,
  replicas,
  shutdown,
]

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    storage: { type: 'string' },
    short: { type: 'boolean', default: false },
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
  const missed: string[] = []
  for (const { name, install } of servers.missing) {
    if (name === 'Chromium') continue
    console.log(`skipped: ${name} is not installed (${install})`)
    if (process.env['CI'] === 'true') missed.push(`${name} is installed`)
  }
  const begun = performance.now()
  const trials = programs
    .filter(({ name }) => only.has(name))
    .flatMap((program) =>
      storagesOf(program)
        .filter((storage) => wanted.has(storage) && isThere(storage))
        .map((storage) => () => tryOut(program, storage)),
    )
  if (trials.length === 0) missed.push('there was nothing to run')
  // The short round has no time to lose: while one program waits for its outage to end, others work.
  const queue = new PQueue({ concurrency: options.short ? 3 : 1 })
  missed.push(...(await queue.addAll(trials)).flat())
  const minutes = ((performance.now() - begun) / 60_000).toFixed(1)
  console.log(`\n${minutes} minutes; ${missed.length === 0 ? 'every aim is met' : 'missed:'}`)
  for (const line of missed) console.log(`- ${line}`)
  return missed.length === 0 ? 0 : 1
}

async function tryOut(program: Program, storage: StorageName): Promise<string[]> {
  const undo: (() => unknown)[] = []
  const t = { teardown: (work: () => unknown) => void undo.push(work) }
  const report = createReport(`${program.title}: ${storage}`)
  const say = (line: string): void =>
    void process.stderr.write(`${program.name}, ${storage}: ${line}\n`)
  const { promise: late, reject } = Promise.withResolvers<never>()
  const limit = setTimeout(() => reject(new Error('it did not end')), program.limitMs)
  try {
    await Promise.race([program.run({ t, storage, isShort: options.short, report, say }), late])
  } catch (error) {
    report.aim('the program runs to its end', 'it did not', [String(error)])
    say(error instanceof Error ? (error.stack ?? '') : '')
  } finally {
    clearTimeout(limit)
    for (const work of undo.toReversed()) await work()
  }
  process.stdout.write(report.text())
  return report.missed
}

/** A program that is asked for by name is run, also where the short round leaves it out. */
function storagesOf({ short, storages }: Program): readonly StorageName[] {
  if (!options.short) return storages
  return short.length > 0 || options.only === undefined ? short : storages.slice(0, 1)
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
