/**
 * `npm run test:faults`: breaks what a server depends on, and checks what it promised. Exits non-zero when an aim is missed.
 * `--only kill,redis` and `--storage sqlite,mysql` choose, `--short` takes a minute; see README.md.
 */
import { parseArgs } from 'node:util'
import PQueue from 'p-queue'
import { chosen, storages, tryOut, withServers, type StorageName } from '../support/trials.ts'
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

await withServers(async (isThere) => {
  const begun = performance.now()
  const trials = programs
    .filter(({ name }) => only.has(name))
    .flatMap((program) =>
      storagesOf(program)
        .filter((storage) => wanted.has(storage) && isThere(storage))
        .map((storage) => () => judge(program, storage)),
    )
  // The short round has no time to lose: while one program waits for its outage to end, others work.
  const queue = new PQueue({ concurrency: options.short ? 3 : 1 })
  const missed = (await queue.addAll(trials)).flat()
  if (trials.length === 0) missed.push('there was nothing to run')
  const minutes = ((performance.now() - begun) / 60_000).toFixed(1)
  console.log(`\n${minutes} minutes; ${missed.length === 0 ? 'every aim is met' : 'missed:'}`)
  for (const line of missed) console.log(`- ${line}`)
  return missed.length === 0 ? 0 : 1
})

async function judge(program: Program, storage: StorageName): Promise<string[]> {
  const report = createReport(`${program.title}: ${storage}`)
  await tryOut(
    program,
    { storage, isShort: options.short },
    {
      run: (trial) => program.run({ ...trial, report }),
      fail: (error) => report.aim('the program runs to its end', 'it did not', [String(error)]),
    },
  )
  process.stdout.write(report.text())
  return report.missed
}

/** A program that is asked for by name is run, also where the short round leaves it out. */
function storagesOf({ short, storages }: Program): readonly StorageName[] {
  if (!options.short) return storages
  return short.length > 0 || options.only === undefined ? short : storages.slice(0, 1)
}
