/**
 * 1,000 signed-in people at once, each with a connection that stays open, at a steady rate that keeps the server busy
 * for half a core: four calls of `/users/me`, then one of `/auth/refresh`. A request that has to wait for its turn here
 * counts from the moment when it was due, so that a slow server cannot slow down the questions and look fast.
 *
 * `--clients` (1000) and `--seconds` (20) shorten it.
 */
import { Agent, request as send } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import autocannon from 'autocannon'
import { startPostgres } from '../test/support/servers/postgres.ts'
import { printTable, production, say, startYumen, withFolder } from './harness.ts'
import { costSettings, importPeople, leastCosts, loginRequest } from './people.ts'
import { cpuMsOf } from './proc.ts'
import { checked } from './requests.ts'

const { values: options } = parseArgs({
  options: {
    clients: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '20' },
  },
})
const clients = Number(options.clients)
/** Of a core. */
const wanted = 0.5
const trial = { perSecond: 200, seconds: 4 }

interface Figures {
  perSecond: number
  /** Processor time of the server, of one core. */
  share: number
  /** Milliseconds, in rising order. */
  latencies: number[]
  failures: number
}

/** Makes the next call of one person; resolves to whether it was answered well. */
type Caller = () => Promise<boolean>

const postgres = await startPostgres()
try {
  const rows = [await measure('SQLite', (folder) => `sqlite:${join(folder, 'yumen.db')}`)]
  if (postgres) rows.push(await measure('PostgreSQL', () => postgres.url))
  printTable('Steady use', rows)
} finally {
  await postgres?.stop()
}

function measure(name: string, urlOf: (folder: string) => string): Promise<Record<string, string>> {
  return withFolder(async (folder) => {
    const env = { ...production, ...costSettings(leastCosts), DATABASE_URL: urlOf(folder) }
    await importPeople({ folder, env }, clients, leastCosts)
    const { issuer, pid, stop } = await startYumen({ folder, env })
    const callers = (await signIn(issuer)).map((pair) => callerOf(issuer, pair))

    // Later trials run on compiled code, at about the rate of the real run.
    let { perSecond } = trial
    for (let count = 0; count < 3; count += 1) {
      const tried = await run(callers, pid, { perSecond, seconds: trial.seconds })
      // By what a request costs, which holds also when the machine has no time to spare.
      perSecond = (wanted / tried.share) * tried.perSecond
      say(`${name}: ${tried.share.toFixed(2)} of a core at ${tried.perSecond.toFixed()} requests/s`)
    }
    const figures = await run(callers, pid, { perSecond, seconds: Number(options.seconds) })
    await stop()
    return rowOf(name, figures)
  })
}

interface Pair {
  access_token: string
  refresh_token: string
}

async function signIn(url: string): Promise<Pair[]> {
  const pairs: Pair[] = []
  let last = 0
  const request = {
    setupRequest: (given: object) => ({ ...given, ...loginRequest(++last) }),
    onResponse: (_status: number, body: string) => void pairs.push(JSON.parse(body) as Pair),
  }
  await autocannon({ url, connections: 8, amount: clients, requests: [request] }).then(checked)
  return pairs
}

function callerOf(issuer: string, first: Pair): Caller {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  let pair = first
  let calls = Math.floor(Math.random() * 5)
  return async () => {
    if (++calls % 5 > 0) {
      const headers = { authorization: `Bearer ${pair.access_token}` }
      return (await call(`${issuer}/users/me`, { agent, headers })).status === 200
    }
    const answer = await call(`${issuer}/auth/refresh`, {
      agent,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ refresh_token: pair.refresh_token }),
    })
    if (answer.status !== 200) return false
    pair = JSON.parse(answer.body) as Pair
    return true
  }
}

function call(
  url: string,
  {
    body,
    ...options
  }: { agent: Agent; method?: string; headers: Record<string, string>; body?: string },
): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = send(url, options, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode, body: text }))
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

async function run(
  callers: readonly Caller[],
  pid: number,
  { perSecond, seconds }: { perSecond: number; seconds: number },
): Promise<Figures> {
  const latencies: number[] = []
  const turns = callers.map(() => Promise.resolve())
  let failures = 0
  const turn = async (caller: Caller, due: number): Promise<void> => {
    const isGood = await caller().catch(() => false)
    if (isGood) latencies.push(performance.now() - due)
    else failures += 1
  }

  const cpuBefore = cpuMsOf(pid) ?? NaN
  const started = performance.now()
  const total = Math.round(perSecond * seconds)
  for (let index = 0; index < total; index += 1) {
    const due = started + (index / perSecond) * 1000
    const wait = due - performance.now()
    if (wait >= 1) await sleep(wait)
    const client = index % callers.length
    turns[client] = turns[client]!.then(() => turn(callers[client]!, due))
  }
  await Promise.all(turns)
  const elapsed = performance.now() - started
  return {
    perSecond: (total * 1000) / elapsed,
    share: ((cpuMsOf(pid) ?? NaN) - cpuBefore) / elapsed,
    latencies: latencies.toSorted((a, b) => a - b),
    failures,
  }
}

function rowOf(name: string, { perSecond, share, latencies, failures }: Figures) {
  const quantile = (part: number): string =>
    `${(latencies[Math.ceil(part * latencies.length) - 1] ?? NaN).toFixed()} ms`
  return {
    database: name,
    'requests/s': perSecond.toFixed(),
    'of a core': share.toFixed(2),
    p50: quantile(0.5),
    p95: quantile(0.95),
    p99: quantile(0.99),
    longest: quantile(1),
    errors: String(failures),
  }
}
