import { setTimeout as sleep } from 'node:timers/promises'
import { endConnections, runStatements } from '../support/databases.ts'
import { startMysql } from '../support/servers/mysql.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import type { RunningServer } from '../support/servers/server-process.ts'
import { busyMs, goThrough, type Outage } from './outage.ts'
import type { Program } from './program.ts'
import { startProxy, type Proxy } from './proxy.ts'
import { openStage } from './stage.ts'

/** `DATABASE_ACQUIRE_TIMEOUT_MS`, `DATABASE_STATEMENT_TIMEOUT_MS`, and few connections, so that each that is lost is missed. */
const acquireMs = 3000
const statementMs = 2000
const connections = 5

/**
 * A request ends with the first statement that the database does not serve, a second after its limit; what it has to take
 * back may cost as much again.
 */
const limitMs = 2 * (acquireMs + statementMs + 1000) + busyMs

const kinds = {
  postgres: {
    start: startPostgres,
    fast: 'SIGINT',
    immediate: 'SIGQUIT',
    begin: 'BEGIN',
  },
  mysql: {
    start: startMysql,
    fast: 'SIGTERM',
    immediate: 'SIGKILL',
    begin: 'START TRANSACTION',
  },
} as const
type Kind = keyof typeof kinds

/** The database is restarted, its connections are cut, it falls silent, answers late or not at all. */
export const database: Program = {
  name: 'database',
  title: 'database away',
  storages: ['postgres', 'mysql'],
  short: ['postgres'],
  limitMs: 12 * 60_000,
  async run({ t, storage, isShort, report }) {
    const kind = storage as Kind
    const server = (await kinds[kind].start({ keepsCommits: true }))!
    t.teardown(() => server.stop())
    const url = new URL(server.url)
    await runStatements(kind, server.url, ['CREATE DATABASE fault'])
    url.pathname = '/fault'
    const direct = url.href
    const proxy = await startProxy(t, Number(url.port))
    url.port = String(proxy.port)
    const env = {
      DATABASE_ACQUIRE_TIMEOUT_MS: String(acquireMs),
      DATABASE_STATEMENT_TIMEOUT_MS: String(statementMs),
      DATABASE_POOL_MAX: String(connections),
    }
    const stage = await openStage(t, { storage, databaseUrl: url.href, env })
    const yumen = await stage.start()
    const outages = outagesOf({ kind, server, proxy, direct })
    for (const outage of isShort ? outages.filter(({ isShort }) => isShort) : outages)
      await goThrough({ stage, server: yumen, report }, outage)
  },
}

interface Parts {
  kind: Kind
  server: RunningServer
  proxy: Proxy
  /** The database, past the proxy. */
  direct: string
}

function outagesOf({ kind, server, proxy, direct }: Parts): (Outage & { isShort?: boolean })[] {
  const { fast, immediate, begin } = kinds[kind]
  const common = { limitMs, isTold: true }
  const restart = (signal: NodeJS.Signals) => ({
    ...common,
    begin: () => server.halt(signal),
    ms: 1500,
    end: () => server.resume(),
  })
  return [
    { ...restart(fast), name: 'restarted, fast' },
    { ...restart(immediate), name: 'restarted, immediate', isShort: true },
    {
      ...common,
      name: 'connections cut, ten times',
      async begin() {
        for (let count = 0; count < 10; count += 1) {
          await endConnections(kind, direct)
          await sleep(300)
        }
      },
      isTold: false,
    },
    {
      ...common,
      name: 'silent inside a transaction, three times',
      async begin() {
        // The first one longer than any request may take: what ends with it had no limit of its own.
        for (const ms of [limitMs + 3000, 4000, 4000]) {
          proxy.silenceAfter(begin)
          await sleep(ms)
          proxy.pass()
          await sleep(500)
        }
      },
    },
    {
      ...common,
      // Readiness asks for the database first, and then for the migrations, on a connection of their own.
      name: 'silent halfway through a look at readiness',
      begin: () => proxy.silenceAfter('information_schema'),
      ms: limitMs + 3000,
      end: () => proxy.pass(),
      isTold: false,
    },
    {
      ...common,
      name: 'slow by 500 ms',
      begin: () => proxy.delay(500),
      ms: 8000,
      end: () => proxy.pass(),
      // Some fifty statements to a sign-in, in a few requests.
      limitMs: 30_000,
      isTold: false,
    },
    {
      ...common,
      name: 'accepting, never answering',
      begin() {
        proxy.silence()
        proxy.cut()
      },
      ms: 6000,
      end: () => proxy.pass(),
      isShort: true,
    },
  ]
}
