import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { endWithUs } from '../support/servers/leftovers.ts'
import type { Mutant, Outcome, Server } from './mutant.ts'
import { checksFile, type Tree } from './tree.ts'

/** Runs the tests of one mutant after the other, on one copy of the tree. */
export interface Judge {
  /** Why a mutant is no program, or does not fit its file; by its id. */
  findInvalid(mutants: readonly Mutant[]): Promise<Map<string, string>>
  /** Runs the tests of a mutant until one fails; leaves the tree as it was. */
  judge(mutant: Mutant): Promise<Outcome>
}

export interface JudgeParts {
  tree: Tree
  /** What `npm test` would give the tests, without the servers. */
  env: Record<string, string>
  /** The variable by which the tests find a server that they need; a server that is not installed is absent. */
  servers: Partial<Record<Server, Record<string, string>>>
  /** For all tests of one mutant. */
  limitMs: number
}

type Judgement = Omit<Outcome, 'seconds'>

export function createJudge(parts: JudgeParts): Judge {
  /** Whether the tests pass without any mutant: those that fail by themselves kill whatever they are asked about. */
  const passing = new Map<string, Promise<Judgement>>()
  const withoutMutant = (mutant: Mutant): Promise<Judgement> => {
    const key = JSON.stringify([mutant.tests, mutant.match, mutant.needs])
    const known = passing.get(key) ?? runTests(parts, mutant)
    passing.set(key, known)
    return known
  }
  const judge = async (mutant: Mutant): Promise<Judgement> => {
    if (mutant.needs !== undefined && !parts.servers[mutant.needs])
      return { verdict: 'invalid', detail: `${mutant.needs} is not installed` }
    const applied = parts.tree.apply(mutant)
    if ('problem' in applied) return { verdict: 'invalid', detail: applied.problem }
    const judgement = await runTests(parts, mutant)
    applied.revert()
    if (judgement.verdict !== 'killed') return judgement
    const { verdict, detail } = await withoutMutant(mutant)
    return verdict === 'survived'
      ? judgement
      : { verdict: 'invalid', detail: `without any mutant: ${verdict} ${detail}` }
  }
  return {
    findInvalid: (mutants) => findInvalid(parts, mutants),
    async judge(mutant) {
      const from = Date.now()
      const judgement = await judge(mutant)
      return { ...judgement, seconds: (Date.now() - from) / 1000 }
    },
  }
}

/** Type-checks them all, in as few rounds as there are mutants of one file: the checker says in which file an error is. */
async function findInvalid(
  parts: JudgeParts,
  mutants: readonly Mutant[],
): Promise<Map<string, string>> {
  const invalid = new Map<string, string>()
  let waiting = [...mutants]
  while (waiting.length > 0) {
    const round = new Map(waiting.toReversed().map((mutant) => [mutant.file, mutant]))
    waiting = waiting.filter((mutant) => round.get(mutant.file) !== mutant)
    const applied = [...round.values()].map((mutant) => ({
      mutant,
      ...parts.tree.apply(mutant),
    }))
    for (const one of applied) if ('problem' in one) invalid.set(one.mutant.id, one.problem)
    const { output } = await run(parts, ['node_modules/typescript/bin/tsc', '-p', checksFile])
    for (const one of applied) if ('revert' in one) one.revert()
    for (const [line, file = ''] of output.matchAll(/^(\S+)\(\d+,\d+\): error .*$/gm)) {
      const mutant = round.get(file)
      if (!mutant) throw new Error(`a mutant breaks another file: ${line}`)
      invalid.set(mutant.id, line)
    }
  }
  return invalid
}

const compiledFolder = '.compiled'

/** ava must find itself where the tests find it: behind the link to the packages. */
const asInstalled = ['--preserve-symlinks', '--preserve-symlinks-main']
const ava = [...asInstalled, 'node_modules/ava/entrypoints/cli.js', '--fail-fast', '--timeout=120s']

/** What the tests say of the tree as it stands. */
async function runTests(
  parts: JudgeParts,
  { tests, match, needs }: Pick<Mutant, 'tests' | 'match' | 'needs'>,
): Promise<Judgement> {
  const server = needs && parts.servers[needs]
  const titles = match === undefined ? [] : ['--match', match]
  // Half of the time goes into loading modules, and all but one are those of the mutant before.
  const cache = { NODE_COMPILE_CACHE: join(parts.tree.folder, compiledFolder) }
  const env = { ...cache, ...parts.env, ...server }
  const { code, output } = await run({ ...parts, env }, [...ava, ...titles, ...tests])
  if (code === 0) return { verdict: 'survived', detail: '' }
  const [, failed] = /^ *✘ \[fail\]: (.+)$/m.exec(output) ?? []
  if (failed !== undefined) return { verdict: 'killed', detail: failed }
  if (code === undefined || output.includes('Timed out while running tests'))
    return { verdict: 'timeout', detail: 'the tests did not end in time' }
  return { verdict: 'crashed', detail: output.trim().split('\n').slice(0, 12).join('\n') }
}

async function run(
  { tree, env, limitMs }: JudgeParts,
  args: readonly string[],
): Promise<{ code: number | undefined; output: string }> {
  const child = spawn(process.execPath, args, {
    cwd: tree.folder,
    env: { ...withoutServers(process.env), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  endWithUs(child, 'SIGTERM')
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  const timer = setTimeout(() => child.kill('SIGTERM'), limitMs)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  clearTimeout(timer)
  return { code: child.killed ? undefined : (code ?? 1), output: Buffer.concat(chunks).toString() }
}

/** The servers of another run are not ours to use. */
const withoutServers = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEST_')))
