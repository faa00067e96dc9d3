import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newSecret } from '#lib/ids.ts'
import { openSqlStorage } from '#storage/sql/open.ts'
import { describeMysql, runStatements, templateVariables } from './databases.ts'
import { makeSigningKeys } from './signing-keys.ts'

/** Addresses of the servers that run. */
export interface Servers {
  postgres?: string | undefined
  mysql?: string | undefined
}

export interface Templates {
  /** What the tests read: see `templateVariables`, and `signing-keys.ts`. */
  env: Record<string, string>
  remove(): Promise<void>
}

/**
 * What takes longer to make than most tests, made once for the whole run: databases with the present schema, to be copied,
 * and signing keys with the secret that opens them.
 */
export async function createTemplates({ postgres, mysql }: Servers = {}): Promise<Templates> {
  const folder = await mkdtemp(join(tmpdir(), 'yumen-template-'))
  const file = join(folder, 'template.db')
  await migrate(`sqlite:${file}`)
  const secret = newSecret(48)
  const keys = join(folder, 'signing-keys.json')
  await writeFile(keys, JSON.stringify(await makeSigningKeys(secret)))
  const env: Record<string, string> = {
    [templateVariables.sqlite]: file,
    TEST_SECRET_KEY: secret,
    TEST_SIGNING_KEYS: keys,
  }
  if (postgres !== undefined)
    env[templateVariables.postgres] = (await migrated('postgres', postgres)).pathname.slice(1)
  if (mysql !== undefined) {
    const statements = join(folder, 'template.sql')
    await writeFile(statements, await describeMysql((await migrated('mysql', mysql)).href))
    env[templateVariables.mysql] = statements
  }
  return { env, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** A new database with the present schema. */
async function migrated(kind: 'postgres' | 'mysql', server: string): Promise<URL> {
  const name = `template_${randomBytes(8).toString('hex')}`
  await runStatements(kind, server, [`CREATE DATABASE ${name}`])
  const url = new URL(server)
  url.pathname = `/${name}`
  await migrate(url.href)
  return url
}

async function migrate(url: string): Promise<void> {
  const storage = await openSqlStorage({
    url,
    now: Date.now,
    poolMax: 1,
    acquireTimeoutMs: 10_000,
    statementTimeoutMs: 10_000,
  })
  try {
    await storage.migrate()
  } finally {
    await storage.close()
  }
}
