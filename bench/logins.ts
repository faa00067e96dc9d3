/**
 * Password sign-ins (`POST /auth/login`, distinct people, argon2 at its default settings) in a second, as a share of
 * the passwords that argon2 alone checks on the same cores, and how long the server's event loop keeps others waiting
 * meanwhile. Short rounds take turns, so that what else the machine does falls on both; a share is the median of the
 * rounds'. On a busy machine only the share of processor time means anything: what argon2 takes of the time that the
 * server takes for a sign-in.
 *
 * `--seconds` (5) and `--rounds` (6) shorten it.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { endWithUs } from '../test/support/servers/leftovers.ts'
import { startPostgres } from '../test/support/servers/postgres.ts'
import type { Checks } from './argon2-alone.ts'
import {
  median,
  printTable,
  production,
  say,
  startYumen,
  withFolder,
  type Yumen,
} from './harness.ts'
import { bytesOf, lightLoad } from './light-load.ts'
import { defaultCosts, emailOf, importPeople, password } from './people.ts'
import { cpuMsOf } from './proc.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '6' },
  },
})
const milliseconds = Number(options.seconds) * 1000
const people = 2000
/** Enough that none of the cores waits for the next request. */
const connections = 4 * availableParallelism()

interface Round {
  alone: Checks
  logins: Checks
  /** Milliseconds. */
  p99: number
  loop: { p99: number; max: number }
}

const argon2 = fork(join(import.meta.dirname, 'argon2-alone.ts'))
endWithUs(argon2, 'SIGTERM')
const postgres = await startPostgres()
try {
  const rows = [await compare('SQLite', (folder) => `sqlite:${join(folder, 'yumen.db')}`)]
  if (postgres) rows.push(await compare('PostgreSQL', () => postgres.url))
  printTable('Password sign-ins', rows)
} finally {
  argon2.kill()
  await postgres?.stop()
}

function compare(name: string, urlOf: (folder: string) => string): Promise<Record<string, string>> {
  return withFolder(async (folder) => {
    const env = { ...production, DATABASE_URL: urlOf(folder) }
    await importPeople({ folder, env }, people, defaultCosts)
    const yumen = await startYumen({ folder, env, isWatched: true })
    const next = signInsInTurn(yumen.issuer)
    // Once for compiled code.
    await signInMany(yumen, next)

    const rounds: Round[] = []
    while (rounds.length < Number(options.rounds)) {
      const alone = await argon2Alone()
      const round = { alone, ...(await signInMany(yumen, next)) }
      const { logins } = round
      say(`${name}: ${logins.perSecond.toFixed()} of ${alone.perSecond.toFixed()} sign-ins/s`)
      rounds.push(round)
    }
    await yumen.stop()
    return rowOf(name, rounds)
  })
}

/** Distinct people, the first one again after the last. */
function signInsInTurn(url: string): () => Buffer {
  const requests = Array.from({ length: people }, (_, index) =>
    bytesOf(url, '/auth/login', { email: emailOf(index + 1), password }),
  )
  let last = 0
  return () => requests[last++ % people]!
}

async function signInMany(yumen: Yumen, next: () => Buffer): Promise<Omit<Round, 'alone'>> {
  await yumen.ask('delay')
  const cpuBefore = cpuMsOf(yumen.pid) ?? NaN
  const started = performance.now()
  const latencies = await lightLoad({ url: yumen.issuer, connections, milliseconds, next })
  const elapsed = performance.now() - started
  const cpu = ((cpuMsOf(yumen.pid) ?? NaN) - cpuBefore) / latencies.length
  return {
    logins: { perSecond: (latencies.length * 1000) / elapsed, cpu },
    p99: latencies[Math.ceil(0.99 * latencies.length) - 1]!,
    loop: await yumen.ask('delay'),
  }
}

async function argon2Alone(): Promise<Checks> {
  argon2.send(milliseconds)
  const [checks] = (await once(argon2, 'message')) as [Checks]
  return checks
}

function rowOf(name: string, rounds: readonly Round[]): Record<string, string> {
  const of = (pick: (round: Round) => number): number => median(rounds.map(pick))
  return {
    database: name,
    'sign-ins/s': of(({ logins }) => logins.perSecond).toFixed(),
    'argon2 alone/s': of(({ alone }) => alone.perSecond).toFixed(),
    share: `${of(({ logins, alone }) => (logins.perSecond / alone.perSecond) * 100).toFixed()} %`,
    'processor time': `${of(({ logins }) => logins.cpu).toFixed(1)} ms`,
    'of it argon2': `${of(({ logins, alone }) => (alone.cpu / logins.cpu) * 100).toFixed()} %`,
    p99: `${of(({ p99 }) => p99).toFixed()} ms`,
    'event loop p99': `${of(({ loop }) => loop.p99).toFixed(1)} ms`,
    'event loop max': `${Math.max(...rounds.map(({ loop }) => loop.max)).toFixed(1)} ms`,
  }
}
