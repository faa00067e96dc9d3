import { randomBytes } from 'node:crypto'
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { ExecutionContext } from 'ava'
import type { RowDataPacket } from 'mysql2/promise'

export type DatabaseKind = 'sqlite' | 'postgres' | 'mysql'

export interface TestDatabase {
  url: string
  /** Deletes it; also done when the test ends. */
  drop(): Promise<void>
}

/** The test that stands for a file's tests where its server is not installed; undefined where it is. */
export const databaseIsMissing: Record<DatabaseKind, string | undefined> = {
  sqlite: undefined,
  postgres: process.env['TEST_POSTGRES_URL']
    ? undefined
    : 'PostgreSQL is not installed (apt-get install postgresql)',
  mysql: process.env['TEST_MYSQL_URL']
    ? undefined
    : 'MariaDB is not installed (apt-get install mariadb-server)',
}

/**
 * A new database: a file of its own, or one on the server that `npm test` has started. Without tables, or, where `npm test`
 * has made one to copy (`templates.ts`), with those of the present schema; then a migration finds nothing to do.
 */
export async function openDatabase(
  t: Pick<ExecutionContext, 'teardown'>,
  kind: DatabaseKind,
  { tables = 'none' }: { tables?: 'none' | 'present' } = {},
): Promise<TestDatabase> {
  if (kind !== 'sqlite') await takeTurn(t)
  const template = tables === 'present' ? process.env[templateVariables[kind]] : undefined
  const database = await create(kind, template)
  t.teardown(database.drop)
  return database
}

/** Names of environment variables: of a file, of a database to copy, and of a file of statements. */
export const templateVariables: Record<DatabaseKind, string> = {
  sqlite: 'TEST_SQLITE_TEMPLATE',
  postgres: 'TEST_POSTGRES_TEMPLATE',
  mysql: 'TEST_MYSQL_TEMPLATE',
}

const create = (kind: DatabaseKind, template: string | undefined): Promise<TestDatabase> =>
  kind === 'sqlite' ? createFile(template) : createOnServer(kind, template)

/** ava starts all tests of a file at once, and servers have so many connections and no more. */
const turns = { free: 8, waiting: [] as (() => void)[], taken: new WeakSet<object>() }

/** Waits until few enough tests have databases; a test that has one may have more. */
async function takeTurn(t: Pick<ExecutionContext, 'teardown'>): Promise<void> {
  if (turns.taken.has(t)) return
  turns.taken.add(t)
  if (turns.free > 0) turns.free--
  else await new Promise<void>((resolve) => turns.waiting.push(resolve))
  t.teardown(() => {
    const next = turns.waiting.shift()
    if (next) next()
    else turns.free++
  })
}

async function createFile(template: string | undefined): Promise<TestDatabase> {
  // With a space, as in the homes of many people.
  const folder = await mkdtemp(join(tmpdir(), 'yumen test-'))
  const file = join(folder, 'test.db')
  if (template !== undefined) await copyFile(template, file)
  return {
    url: `sqlite:${file}`,
    drop: () => rm(folder, { recursive: true, force: true }),
  }
}

async function createOnServer(
  kind: 'postgres' | 'mysql',
  template: string | undefined,
): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`
  const url = new URL(serverUrl(kind))
  url.pathname = `/${name}`
  // IF EXISTS and FORCE: a test that failed may have dropped it, or left connections open.
  const drop = kind === 'postgres' ? `${name} WITH (FORCE)` : name
  const copying = template === undefined || kind === 'mysql' ? '' : ` TEMPLATE ${template}`
  await runStatements(kind, serverUrl(kind), [`CREATE DATABASE ${name}${copying}`])
  if (template !== undefined && kind === 'mysql')
    await runStatements(kind, url.href, [await readFile(template, 'utf8')])
  return {
    url: url.href,
    drop: () => runStatements(kind, serverUrl(kind), [`DROP DATABASE IF EXISTS ${drop}`]),
  }
}

function serverUrl(kind: 'postgres' | 'mysql'): string {
  const url = process.env[kind === 'postgres' ? 'TEST_POSTGRES_URL' : 'TEST_MYSQL_URL']
  if (!url) throw new Error(databaseIsMissing[kind])
  return url
}

/** Ends every connection to the database but those of `holdRows`, as a restart of the server would. */
export async function endConnections(kind: 'postgres' | 'mysql', url: string): Promise<void> {
  const home = new URL(url)
  const name = home.pathname.slice(1)
  home.pathname = kind === 'postgres' ? '/postgres' : '/'
  const server = await connect(kind, home.href)
  try {
    if (kind === 'postgres') {
      await server.run(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}' AND application_name <> 'holder'`,
      )
      return
    }
    const sessions = await server.run(
      `SELECT id FROM information_schema.processlist WHERE db = '${name}'`,
    )
    // One that has ended by itself meanwhile is as good as killed.
    for (const { id } of sessions) await server.run(`KILL ${String(id)}`).catch(() => undefined)
  } finally {
    await server.end()
  }
}

/** Runs statements in a test's database, past the store. */
export async function runStatements(
  kind: DatabaseKind,
  url: string,
  statements: readonly string[],
): Promise<void> {
  if (kind === 'sqlite') {
    const connection = new DatabaseSync(url.slice('sqlite:'.length))
    for (const statement of statements) connection.exec(statement)
    connection.close()
    return
  }
  const connection = await connect(kind, url)
  try {
    for (const statement of statements) await connection.run(statement)
  } finally {
    await connection.end()
  }
}

/** The statements that make a copy of a database, for MariaDB, which copies none. */
export async function describeMysql(url: string): Promise<string> {
  const connection = await connect('mysql', url)
  try {
    const from = new URL(url).pathname.slice(1)
    const tables = (await connection.run('SHOW TABLES')).map((row) => String(Object.values(row)[0]))
    const statements = ['SET FOREIGN_KEY_CHECKS = 0']
    for (const table of tables) {
      const [made] = await connection.run(`SHOW CREATE TABLE ${table}`)
      statements.push(String(made!['Create Table']))
      const rows = await connection.run(`SELECT 1 FROM ${table} LIMIT 1`)
      if (rows.length > 0) statements.push(`INSERT INTO ${table} SELECT * FROM ${from}.${table}`)
    }
    return statements.join(';\n')
  } finally {
    await connection.end()
  }
}

/** Locks every row of a table, so that writers wait; until told, or until the test ends. */
export async function holdRows(
  t: ExecutionContext,
  kind: 'postgres' | 'mysql',
  { url, table }: { url: string; table: string },
): Promise<{ letGo(): Promise<void> }> {
  // Without a default database MySQL does not list it with the others; PostgreSQL has names for connections.
  const home = new URL(url)
  const name = home.pathname.slice(1)
  if (kind === 'mysql') home.pathname = ''
  const connection = await connect(kind, home.href)
  t.teardown(connection.end)
  if (kind === 'postgres') await connection.run("SET application_name = 'holder'")
  await connection.run('START TRANSACTION')
  await connection.run(`SELECT * FROM ${kind === 'mysql' ? `${name}.` : ''}${table} FOR UPDATE`)
  return { letGo: async () => void (await connection.run('COMMIT')) }
}

interface PlainConnection {
  run(sql: string): Promise<Record<string, unknown>[]>
  end(): Promise<void>
}

/** A connection by the bare driver, which is loaded only where there is a server for it. `end` resolves also when the server has ended it. */
async function connect(kind: 'postgres' | 'mysql', url: string): Promise<PlainConnection> {
  if (kind === 'postgres') {
    const { Client } = await import('pg')
    const client = new Client({ connectionString: url })
    client.on('error', () => undefined)
    await client.connect()
    return {
      run: async (sql) => (await client.query<Record<string, unknown>>(sql)).rows,
      end: () => client.end().catch(() => undefined),
    }
  }
  const { createConnection } = await import('mysql2/promise')
  const connection = await createConnection({ uri: url, multipleStatements: true })
  connection.on('error', () => undefined)
  return {
    run: async (sql) => (await connection.query<RowDataPacket[]>(sql))[0],
    end: () => connection.end().catch(() => undefined),
  }
}
