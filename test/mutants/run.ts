/** `npm run test:mutants`: see README.md. */
import { execFileSync } from 'node:child_process'
import { setPriority } from 'node:os'
import { parseArgs } from 'node:util'
import { startPostgres } from '../support/servers/postgres.ts'
import { startRedis } from '../support/servers/redis.ts'
import { createTemplates } from '../support/templates.ts'
import { areas } from './areas.ts'
import { createJudge, type Judge } from './judge.ts'
import type { Outcome, Server } from './mutant.ts'
import { report, type Judged } from './report.ts'
import { copyTree } from './tree.ts'

const { values: wanted } = parseArgs({
  options: {
    area: { type: 'string', multiple: true },
    only: { type: 'string', multiple: true },
    changed: { type: 'string' },
  },
})

// Other work on the machine goes first.
setPriority(10)
const limitMs = 300_000
const kinds = {
  redis: { variable: 'TEST_REDIS_URL', start: startRedis },
  postgres: { variable: 'TEST_POSTGRES_URL', start: startPostgres },
}
const chosen = choose()
if (chosen.length === 0) {
  console.error('no mutant is meant by these options')
  process.exitCode = 1
} else process.exitCode = await runAll(chosen)

type Chosen = Pick<Judged, 'area' | 'mutant'>

function choose(): Chosen[] {
  const all = Object.entries(areas).flatMap(([area, mutants]) =>
    mutants.map((mutant) => ({ area, mutant })),
  )
  const ids = all.map(({ mutant }) => mutant.id)
  const twice = ids.find((id, index) => ids.indexOf(id) < index)
  if (twice !== undefined) throw new Error(`the id ${twice} is there twice`)
  const files = wanted.changed === undefined ? undefined : changedSince(wanted.changed)
  return all.filter(
    ({ area, mutant }) =>
      (wanted.area?.includes(area) ?? true) &&
      (wanted.only?.includes(mutant.id) ?? true) &&
      (files?.has(mutant.file) ?? true),
  )
}

/** Files that differ from a commit, committed or not. */
function changedSince(commit: string): Set<string> {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).split('\n')
  return new Set([
    ...git('diff', '--name-only', commit, '--'),
    ...git('ls-files', '--others', '--exclude-standard'),
  ])
}

async function runAll(chosen: readonly Chosen[]): Promise<number> {
  const needed = new Set(chosen.flatMap(({ mutant }) => mutant.needs ?? []))
  const started = await Promise.all([...needed].map(startServer))
  const templates = await createTemplates()
  const tree = copyTree()
  try {
    const servers = Object.fromEntries(
      started.flatMap(({ name, variable, server }) =>
        server ? [[name, { [variable]: server.url }]] : [],
      ),
    )
    const judge = createJudge({ tree, env: templates.env, servers, limitMs })
    return report(await judgeAll(judge, chosen))
  } finally {
    tree.remove()
    await templates.remove()
    for (const { server } of started) await server?.stop()
  }
}

/** Without a server where it is not installed. */
async function startServer(name: Server) {
  const { variable, start } = kinds[name]
  return { name, variable, server: await start() }
}

async function judgeAll(
  { findInvalid, judge }: Judge,
  chosen: readonly Chosen[],
): Promise<Judged[]> {
  const invalid = await findInvalid(chosen.map(({ mutant }) => mutant))
  const judged: Judged[] = []
  for (const { area, mutant } of chosen) {
    const problem = invalid.get(mutant.id)
    const outcome: Outcome =
      problem === undefined
        ? await judge(mutant)
        : { verdict: 'invalid', detail: problem, seconds: 0 }
    const { verdict, seconds, detail } = outcome
    console.log(`${verdict.padEnd(8)} ${seconds.toFixed(0).padStart(3)} s  ${mutant.id}: ${detail}`)
    judged.push({ area, mutant, outcome })
  }
  return judged
}
