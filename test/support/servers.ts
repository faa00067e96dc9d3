/**
 * Real servers for the tests: finds what is installed, starts each on a free port of 127.0.0.1 in a temporary folder
 * of its own, and removes everything afterwards, also when the run is interrupted or crashes (`servers/reaper.ts`).
 */
import { findProgram } from './servers/find.ts'
import { startMysql } from './servers/mysql.ts'
import { startPostgres } from './servers/postgres.ts'
import { startRedis } from './servers/redis.ts'
import type { RunningServer } from './servers/server-process.ts'

/** A server that is not installed, and the command that would install it here. */
interface MissingServer {
  name: string
  install: string
  /** The files of tests that need it all, as a pattern. */
  only: string
}

export interface Servers {
  /** What the tests read: TEST_POSTGRES_URL, TEST_MYSQL_URL, TEST_REDIS_URL, TEST_CHROMIUM; a missing one is absent. */
  env: Record<string, string>
  missing: MissingServer[]
  /** Ends every server and removes its folder. */
  stop(): Promise<void>
}

const kinds = [
  {
    name: 'PostgreSQL',
    variable: 'TEST_POSTGRES_URL',
    package: 'postgresql',
    only: 'test/storage/sql-postgres.test.ts',
    start: startPostgres,
  },
  {
    name: 'MariaDB',
    variable: 'TEST_MYSQL_URL',
    package: 'mariadb-server',
    only: 'test/storage/{sql-mysql,limits-without-returning}.test.ts',
    start: startMysql,
  },
  {
    name: 'Redis',
    variable: 'TEST_REDIS_URL',
    package: 'redis-server',
    only: 'test/**/redis*.test.ts',
    start: startRedis,
  },
]

/** Starts every installed server, all at once. Rejects, having stopped the others, when one does not come up. */
export async function startServers(): Promise<Servers> {
  const results = await Promise.allSettled(kinds.map(({ start }) => start()))
  const running = results.flatMap((result) =>
    result.status === 'fulfilled' && result.value ? [result.value] : [],
  )
  const stop = () => stopAll(running)
  const failures = results.flatMap((result) =>
    result.status === 'rejected' ? [String(result.reason)] : [],
  )
  if (failures.length > 0) {
    await stop()
    throw new Error(failures.join('\n\n'))
  }
  const env: Record<string, string> = {}
  const missing: MissingServer[] = []
  kinds.forEach((kind, index) => {
    const result = results[index]
    const server = result?.status === 'fulfilled' ? result.value : undefined
    if (server) env[kind.variable] = server.url
    else missing.push({ ...kind, install: installCommand(kind.package) })
  })
  const chromium = findProgram(['chromium', 'chromium-browser', 'google-chrome'])
  if (chromium === undefined) {
    missing.push({
      name: 'Chromium',
      install: installCommand('chromium'),
      only: 'test/browser/**',
    })
  } else {
    env['TEST_CHROMIUM'] = chromium
  }
  return { env, missing, stop }
}

async function stopAll(running: readonly RunningServer[]): Promise<void> {
  await Promise.all(running.map((server) => server.stop()))
}

const installCommand = (name: string): string => `apt-get install ${name}`
