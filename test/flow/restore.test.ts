import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ExecutionContext } from 'ava'
import { yumen } from '../cli/cli.ts'
import { openDatabase, type DatabaseKind } from '../support/databases.ts'
import { findProgram } from '../support/servers/find.ts'
import { start, type Fixture, type Person } from '../support/start.ts'
import { onEveryDatabase } from '../support/storages.ts'
import { createBrowser } from '../support/browser.ts'
import {
  authorizeUrl,
  newCast,
  obtainCode,
  offline,
  post,
  redeem,
  refresh,
  send,
  type Answer,
  type Cast,
} from '../security/journey.ts'
import { portOf } from './instances.ts'

const run = promisify(execFile)

/** Runs a command line of docs/operate.md exactly as it is written there. */
async function runDocumented(beginning: string, cwd: string, env: Record<string, string>) {
  const lines = (await readFile('docs/operate.md', 'utf8')).split('\n')
  const line = lines.find((one) => one.startsWith(`${beginning} `))
  if (line === undefined) throw new Error(`docs/operate.md does not say how to ${beginning}`)
  await run('sh', ['-c', line], { cwd, env: { PATH: process.env['PATH'], ...env } })
}

interface Tools {
  needs: string
  backUp(fixture: Fixture, folder: string): Promise<void>
  restore(fixture: Fixture, folder: string, url: string): Promise<void>
}

const settingsOf = ({ config }: Fixture, url = config.DATABASE_URL) => ({
  NODE_ENV: 'test',
  DATABASE_URL: url,
  SECRET_KEY: config.SECRET_KEY!,
})

const sqlite =
  (...args: [command: string, file: string]) =>
  async (env: Record<string, string>) => {
    const { code, err } = await yumen(env, ...args)
    if (code !== 0) throw new Error(err)
  }

/** Writes the options file of MariaDB's client programs. */
async function mariadb(url: string, folder: string): Promise<{ DB_NAME: string }> {
  const { hostname, port, username, password, pathname } = new URL(url)
  const lines = { host: hostname, port, user: username, password }
  const text = Object.entries(lines).map(([name, value]) => `${name}=${value}`)
  await writeFile(join(folder, 'db.cnf'), ['[client]', ...text].join('\n'), { mode: 0o600 })
  return { DB_NAME: pathname.slice(1) }
}

const tools: Record<DatabaseKind, Tools> = {
  sqlite: {
    needs: 'sh',
    backUp: (fixture, folder) =>
      sqlite('backup', join(folder, 'yumen.backup'))(settingsOf(fixture)),
    restore: (fixture, folder, url) =>
      sqlite('restore', join(folder, 'yumen.backup'))(settingsOf(fixture, url)),
  },
  postgres: {
    needs: 'pg_dump',
    backUp: ({ config: { DATABASE_URL } }, folder) =>
      runDocumented('pg_dump', folder, { DATABASE_URL }),
    restore: (_, folder, url) => runDocumented('pg_restore', folder, { DATABASE_URL: url }),
  },
  mysql: {
    needs: 'mariadb-dump',
    backUp: async ({ config }, folder) =>
      runDocumented('mariadb-dump', folder, await mariadb(config.DATABASE_URL, folder)),
    restore: async (_, folder, url) => runDocumented('mariadb', folder, await mariadb(url, folder)),
  },
}

const kindOf = ({ config: { DATABASE_URL: url } }: Fixture): DatabaseKind =>
  url.startsWith('sqlite:') ? 'sqlite' : url.startsWith('postgres') ? 'postgres' : 'mysql'

const loginAt = (fixture: Fixture, { email, password }: Pick<Person, 'email' | 'password'>) =>
  post(`${fixture.issuer}/auth/login`, undefined, { identifier: email, password })

/** Signs people in over and over until stopped, and collects their refresh tokens. */
function signInLoad(fixture: Fixture, people: readonly Person[]) {
  const isOver = { value: false }
  const given: string[] = []
  const signIns = people.map(async (person) => {
    while (!isOver.value) {
      const answer = await loginAt(fixture, person)
      if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`)
      given.push(String(answer.json['refresh_token']))
    }
  })
  const loops = Promise.all(signIns)
  // `stop` rejects with it.
  loops.catch(() => undefined)
  return {
    soFar: () => [...given],
    async stop() {
      isOver.value = true
      await loops
    },
  }
}

async function emptyFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'yumen-backup-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

onEveryDatabase(
  'after the restore of a backup taken under load people stay signed in, and what was spent stays spent',
  async (t, begin) => {
    const env = { REFRESH_GRACE_SECONDS: '0' }
    const fixture = await begin({ env })
    const kind = kindOf(fixture)
    const { needs, backUp, restore } = tools[kind]
    if (findProgram([needs]) === undefined) {
      t.pass(`needs ${needs}`)
      return
    }

    const casts = await Promise.all([1, 2, 3].map(() => newCast(fixture)))
    const [alice, bob, carol] = casts as [Cast, Cast, Cast]
    const browser = createBrowser(fixture.issuer)
    const tokenOf = ({ json }: Answer) => String(json['refresh_token'])
    const unspent = tokenOf(await redeem(alice, await obtainCode({ ...alice, browser }, offline)))
    const spentToken = tokenOf(await redeem(bob, await obtainCode(bob, offline)))
    t.is((await refresh(bob, spentToken)).status, 200)
    const spentCode = await obtainCode(carol)
    t.is((await redeem(carol, spentCode)).status, 200)

    const folder = await emptyFolder(t)
    const crowd = await Promise.all([1, 2, 3].map(() => fixture.addUser()))
    const load = signInLoad(fixture, crowd)
    t.teardown(load.stop)
    while (load.soFar().length < 5) await new Promise((resolve) => setTimeout(resolve, 10))
    const acknowledged = load.soFar()
    await backUp(fixture, folder)
    await load.stop()
    t.true(load.soFar().length > acknowledged.length, 'sign-ins went on during the backup')
    const tooLate = await fixture.addUser()

    const { url } = await openDatabase(t, kind)
    await restore(fixture, folder, url)
    const restored = await start(t, { beside: fixture, env: { ...env, DATABASE_URL: url } })
    const after = { ...restored, issuer: portOf(restored) }
    const jwks = async ({ issuer }: Fixture) => (await send(`${issuer}/oauth/jwks`)).text
    t.is(await jwks(after), await jwks(fixture))
    for (const person of [alice.person, ...crowd]) t.is((await loginAt(after, person)).status, 200)
    t.is((await loginAt(after, tooLate)).status, 401)

    const silently = authorizeUrl(after, alice.client, { prompt: 'none' })
    const cookie = await browser.jar.getCookieString(fixture.issuer)
    const silent = await send(silently, { headers: { cookie } })
    t.regex(silent.headers.get('location')!, /[?&]code=/)

    t.is((await refresh({ ...alice, fixture: after }, unspent)).status, 200)
    for (const refresh_token of acknowledged) {
      const answer = await post(`${after.issuer}/auth/refresh`, undefined, { refresh_token })
      t.is(answer.status, 200, answer.text)
    }
    for (const answer of [
      await refresh({ ...bob, fixture: after }, spentToken),
      await redeem({ ...carol, fixture: after }, spentCode),
    ])
      t.like(answer, { status: 400, json: { error: 'invalid_grant' } })
  },
)
