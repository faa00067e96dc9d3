import test, { type ExecutionContext } from 'ava'
import { start, type Fixture, type StartOptions } from './start.ts'

type Combination = Pick<StartOptions, 'database' | 'redis'> & {
  name: string
  missing: string | undefined
}

const servers = {
  postgres: process.env['TEST_POSTGRES_URL']
    ? undefined
    : 'PostgreSQL (apt-get install postgresql)',
  mysql: process.env['TEST_MYSQL_URL'] ? undefined : 'MariaDB (apt-get install mariadb-server)',
  redis: process.env['TEST_REDIS_URL'] ? undefined : 'Redis (apt-get install redis-server)',
}

const databases = [
  { name: 'SQLite', database: 'sqlite', missing: undefined },
  { name: 'PostgreSQL', database: 'postgres', missing: servers.postgres },
  { name: 'MariaDB', database: 'mysql', missing: servers.mysql },
] as const

/** Every storage that we promise: each database, alone and with Redis. */
export const storages: Combination[] = databases.flatMap((one) => [
  { ...one, redis: false },
  { ...one, name: `${one.name} with Redis`, redis: true, missing: one.missing ?? servers.redis },
])

/** Registers the test once for each storage; where a server is missing it is skipped, and the title says which. */
export function onEveryStorage(
  title: string,
  run: (t: ExecutionContext, begin: (options?: StartOptions) => Promise<Fixture>) => Promise<void>,
): void {
  for (const { name, missing, ...storage } of storages) {
    if (missing) test.skip(`${name}: ${title} (needs ${missing})`, () => {})
    else test(`${name}: ${title}`, (t) => run(t, (options) => start(t, { ...storage, ...options })))
  }
}
