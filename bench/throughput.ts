/**
 * Requests per second of one server process over loopback, 32 connections, by autocannon in this process: on SQLite,
 * on PostgreSQL, and on PostgreSQL with Redis, where they are installed. Every figure is the median of the rounds, and
 * rounds take turns, so that what else the machine does falls on all alike. The ratio is to a Koa that answers nothing.
 *
 * `--seconds` (4) and `--rounds` (3) shorten it; what a request costs in processor time holds on a busy machine too.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import autocannon, { type Request } from 'autocannon'
import { endWithUs } from '../test/support/servers/leftovers.ts'
import { startPostgres } from '../test/support/servers/postgres.ts'
import { startRedis } from '../test/support/servers/redis.ts'
import {
  administrator,
  clients,
  declareClients,
  median,
  printTable,
  production,
  say,
  signInWith,
  startYumen,
  withFolder,
  type Tokens,
  type Yumen,
} from './harness.ts'
import { jsonRequest } from './people.ts'
import { cpuMsOf } from './proc.ts'
import { checked, formRequest, tokenRequest } from './requests.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
  },
})
const connections = 32

interface Case {
  name: string
  url: string
  pid: number
  /** One for each connection and round. */
  request(): Request
}

interface Figures {
  perSecond: number
  p99: number
  cpuMicroseconds: number
}

const koa = await startKoa()
const postgres = await startPostgres()
const redis = postgres && (await startRedis())
try {
  await compare('SQLite', (folder) => ({ DATABASE_URL: `sqlite:${join(folder, 'yumen.db')}` }))
  if (postgres) await compare('PostgreSQL', () => ({ DATABASE_URL: postgres.url }))
  if (postgres && redis) {
    const urls = { DATABASE_URL: postgres.url, REDIS_URL: redis.url }
    await compare('PostgreSQL and Redis', () => urls)
  }
} finally {
  koa.stop()
  await Promise.all([postgres?.stop(), redis?.stop()])
}

async function compare(
  name: string,
  storageOf: (folder: string) => Record<string, string>,
): Promise<void> {
  await withFolder(async (folder) => {
    const env = { ...production, ...declareClients(folder), ...storageOf(folder) }
    const yumen = await startYumen({ folder, env })
    const figures = new Map<string, Figures[]>()
    const cases = [koa.case, ...(await casesOf(yumen))]
    for (let round = 1; round <= Number(options.rounds); round++) {
      for (const one of cases) {
        const measured = await measure(one)
        say(`${name}, ${one.name}: ${measured.perSecond.toFixed()} requests/s`)
        figures.set(one.name, [...(figures.get(one.name) ?? []), measured])
      }
    }
    await yumen.stop()
    printTable(`Throughput, ${name}`, rowsOf(figures))
  })
}

async function measure({ url, pid, request }: Case): Promise<Figures> {
  const before = cpuMsOf(pid) ?? NaN
  const { requests, latency } = await autocannon({
    url,
    connections,
    duration: Number(options.seconds),
    requests: [{}],
    setupClient: (client) => client.setRequests([request()]),
  }).then(checked)
  const cpuMicroseconds = (((cpuMsOf(pid) ?? NaN) - before) * 1000) / requests.total
  return { perSecond: requests.average, p99: latency.p99, cpuMicroseconds }
}

async function casesOf(yumen: Yumen): Promise<Case[]> {
  const { issuer: url, pid } = yumen
  const signIn = await signInWith(yumen)
  const people: Tokens[] = []
  for (let count = 0; count < connections * Number(options.rounds); count += 1) {
    people.push(await signIn())
  }
  const firstParty: Tokens[] = []
  while (firstParty.length < people.length) firstParty.push(await logIn(url))
  const { access } = people[0]!
  const own = firstParty[0]!.access
  const jwt = await accessToken(url, tokenRequest(clients.jwtService))
  const introspect = (client: typeof clients.app, token: string): Request =>
    formRequest('/oauth/introspect', client, { token, token_type_hint: 'access_token' })
  const fixed = (name: string, request: Request): Case => ({
    name,
    url,
    pid,
    request: () => ({ ...request }),
  })
  return [
    fixed('discovery', { path: '/.well-known/openid-configuration' }),
    fixed('key set', { path: '/oauth/jwks' }),
    fixed('client credentials, opaque', tokenRequest(clients.service)),
    fixed('client credentials, JWT', tokenRequest(clients.jwtService)),
    fixed('introspection, opaque', introspect(clients.app, access)),
    fixed('introspection, JWT', introspect(clients.jwtService, jwt)),
    fixed('userinfo', { path: '/oauth/userinfo', headers: { authorization: `Bearer ${access}` } }),
    fixed('/users/me', { path: '/users/me', headers: { authorization: `Bearer ${own}` } }),
    {
      name: 'refresh, /oauth/token',
      url,
      pid,
      request: () => refreshChain(people.pop()!, atTokenEndpoint),
    },
    {
      name: 'refresh, /auth/refresh',
      url,
      pid,
      request: () => refreshChain(firstParty.pop()!, atOwnRoute),
    },
  ]
}

function atTokenEndpoint(token: string): Request {
  const fields = { grant_type: 'refresh_token', refresh_token: token }
  return formRequest('/oauth/token', clients.app, fields)
}

function atOwnRoute(token: string): Request {
  return jsonRequest('/auth/refresh', { refresh_token: token })
}

async function logIn(url: string): Promise<Tokens> {
  const { email, password } = administrator
  const response = await fetch(`${url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  })
  const pair = (await response.json()) as { access_token: string; refresh_token: string }
  return { access: pair.access_token, refresh: pair.refresh_token }
}

/** Every request of a connection spends the token that the one before has brought. */
function refreshChain(first: Tokens, requestOf: (token: string) => Request): Request {
  let token = first.refresh
  return {
    setupRequest: (request) => ({ ...request, ...requestOf(token) }),
    onResponse: (status, body) => {
      if (status === 200) token = (JSON.parse(body) as { refresh_token: string }).refresh_token
    },
  }
}

async function accessToken(url: string, { path, body, headers, method }: Request): Promise<string> {
  const response = await fetch(`${url}${path}`, {
    method: method!,
    headers: headers!,
    body: body!,
  })
  return ((await response.json()) as { access_token: string }).access_token
}

async function startKoa(): Promise<{ case: Case; stop(): void }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'empty-koa.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  endWithUs(child, 'SIGTERM')
  const port = await new Promise<string>((resolve) =>
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim())),
  )
  const url = `http://localhost:${port}`
  return {
    case: { name: 'empty Koa', url, pid: child.pid!, request: () => ({}) },
    stop: () => void child.kill(),
  }
}

function rowsOf(figures: Map<string, Figures[]>): Record<string, string>[] {
  const of = (name: string, key: keyof Figures): number =>
    median((figures.get(name) ?? []).map((one) => one[key]))
  return [...figures.keys()].map((name) => ({
    request: name,
    'requests/s': of(name, 'perSecond').toFixed(),
    'of empty Koa': (of(name, 'perSecond') / of('empty Koa', 'perSecond')).toFixed(2),
    p99: `${of(name, 'p99').toFixed()} ms`,
    'processor time': `${of(name, 'cpuMicroseconds').toFixed()} µs`,
  }))
}
