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

const withRedis = (one: (typeof databases)[number]): Combination => ({
  ...one,
  name: `${one.name} with Redis`,
  redis: true,
  missing: one.missing ?? servers.redis,
})

const isNightly = process.env['TEST_STORAGES'] === 'all'

/**
 * Every storage that we promise: each database, alone and with Redis. What is in Redis does not know which database stands
 * beside it, so a usual run has it with PostgreSQL, and `TEST_STORAGES=all` (every night) with all three.
 */
export const storages: Combination[] = databases.flatMap((one) => {
  const isWithRedis = one.database === 'postgres' || isNightly
  return [{ ...one, redis: false }, ...(isWithRedis ? [withRedis(one)] : [])]
})

type Run = (
  t: ExecutionContext,
  begin: (options?: StartOptions) => Promise<Fixture>,
) => Promise<void>

/** Registers the test once for each storage; where a server is missing it is skipped, and the title says which. */
export const onEveryStorage = (title: string, run: Run): void => onEach(storages, title, run)

/**
 * The same for journeys, which prove nothing about storage: on SQLite alone and on PostgreSQL with Redis, and with
 * `TEST_STORAGES=all` (every night) on each storage. What a store promises, races included, is tested on every one of
 * them in any run.
 */
export const onStorages = (title: string, run: Run): void =>
  onEach(
    storages.filter(
      ({ database, redis }) =>
        isNightly || database === 'sqlite' || (database === 'postgres' && redis),
    ),
    title,
    run,
  )

/** The same on the database servers alone, for what is tested on SQLite elsewhere. */
export const onEveryServer = (title: string, run: Run): void =>
  onEach(
    storages.filter(({ redis, database }) => !redis && database !== 'sqlite'),
    title,
    run,
  )

/** The same without Redis, for what only a database can get wrong. */
export const onEveryDatabase = (title: string, run: Run): void =>
  onEach(
    storages.filter(({ redis }) => !redis),
    title,
    run,
  )

function onEach(combinations: readonly Combination[], title: string, run: Run): void {
  for (const { name, missing, ...storage } of combinations) {
    if (missing) test.skip(`${name}: ${title} (needs ${missing})`, () => {})
    else test(`${name}: ${title}`, (t) => run(t, (options) => start(t, { ...storage, ...options })))
  }
}
