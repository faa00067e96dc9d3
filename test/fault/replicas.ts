import knex from 'knex'
import { dialectOf } from '#storage/sql/dialect.ts'
import { freePort } from '../support/free-port.ts'
import { examine } from './examine.ts'
import { startLoad } from './load/load.ts'
import type { Program } from './program.ts'
import type { Report } from './report.ts'
import { storages } from '../support/trials.ts'
import { openStage, type Server, type Stage } from './stage.ts'

const count = 10

/** What an installation had before the last dozen of releases. */
const oldMigrations = 12

/** Ten processes start at the same moment, on an empty database and on one of an older release. */
export const replicas: Program = {
  name: 'replicas',
  title: 'ten replicas starting at once',
  storages,
  short: [],
  limitMs: 6 * 60_000,
  async run({ t, storage, report }) {
    for (const age of ['empty', 'old'] as const) {
      const stage = await openStage(t, { storage, env: { DATABASE_POOL_MAX: '4' } })
      const told = report.part(`on an ${age} database`)
      if (age === 'old') await migrateSome(stage)
      const servers = await startTogether(stage)
      judge(servers, told)
      await judgeKeys(stage, servers, told)
      const load = startLoad(stage)
      await load.until(60)
      await load.stop()
      told.promises(await examine(stage, load.world))
      for (const { server } of servers) await server?.kill()
    }
  },
}

interface Replica {
  port: number
  server: Server | undefined
  /** Why it did not start. */
  problem: string
}

/** The first one listens where the stage is. */
async function startTogether(stage: Stage): Promise<Replica[]> {
  const ports = [Number(stage.env['PORT'])]
  while (ports.length < count) ports.push(await freePort())
  return Promise.all(
    ports.map(async (port) => {
      try {
        return { port, server: await stage.start({ PORT: String(port) }), problem: '' }
      } catch (error) {
        return { port, server: undefined, problem: String(error) }
      }
    }),
  )
}

function judge(servers: readonly Replica[], report: Report): void {
  const ready = servers.filter(({ server }) => server)
  const problems = servers.flatMap(({ server, problem }) => (server ? [] : [problem]))
  report.aim('every replica becomes ready', `${ready.length} of ${servers.length}`, problems)
}

async function judgeKeys({ env }: Stage, servers: readonly Replica[], report: Report) {
  const sets = await Promise.all(
    servers.map(async ({ port }) =>
      fetch(`http://localhost:${port}${new URL(env['ISSUER']!).pathname}oauth/jwks`).then(
        (answer) => answer.text(),
        String,
      ),
    ),
  )
  const different = new Set(sets)
  report.aim(
    'all have the same signing keys',
    `${different.size} key sets`,
    different.size === 1 ? [] : [...different],
  )
}

/** The first migrations alone, by knex itself, as the release of then did. */
async function migrateSome({ env }: Stage): Promise<void> {
  const url = env['DATABASE_URL']!
  const dialect = await dialectOf(url)
  const limits = { poolMax: 1, acquireTimeoutMs: 20_000, statementTimeoutMs: 20_000 }
  const pool = knex({ ...dialect.connection({ ...limits, url }) })
  pool.userParams = { dialect }
  const config = {
    directory: 'migrations',
    loadExtensions: ['.ts'],
    tableName: 'schema_migrations',
    disableTransactions: !dialect.hasTransactionalDdl,
  }
  for (let done = 0; done < oldMigrations; done += 1) await pool.migrate.up(config)
  await pool.destroy()
}
