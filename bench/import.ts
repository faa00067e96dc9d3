/**
 * How long `user import` takes: 100,000 generated people, every scheme of password hash among them, into an empty
 * database, by the command as an operator runs it; and again, when all are there already.
 *
 *   npm exec -- node bench/import.ts [rows]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { startServers } from '../test/support/servers.ts'

const rows = Number(process.argv[2] ?? 100_000)
const cli = join(import.meta.dirname, '../src/yumen.mjs')

const hashes = [
  '$2b$12$7WIsAIhauaw6X59WQzMu9ePYu86TCWONdGnsUsvXbyO/2USp4eDHC',
  '$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzYWx0$RdescudvJCsgt3ub+b+dWRWJTmaaJObGAAAAAAAAAAA',
  'pbkdf2_sha256$1200000$seasalt$6sTlFi4QohxXLuZigqDIUNX8xG9NxrTmV8+flFQdBqE=',
  '$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E',
]

const person = (id: number) => ({
  id,
  email: `person.${id}@example.com`,
  username: `person-${id}`,
  name: `Person ${id} 某人`,
  email_verified: id % 3 > 0,
  locale: id % 2 === 0 ? 'zh-CN' : 'en',
  roles: [],
  password_hash: hashes[id % hashes.length]!,
  created_at: new Date(1.5e12 + id * 60_000).toISOString(),
  metadata: { private: { plan: id % 10 === 0 ? 'gold' : 'free', points: id } },
})

function* jsonLines() {
  for (let id = 1; id <= rows; id += 1) yield `${JSON.stringify(person(id))}\n`
}

const quoted = (value: unknown): string =>
  `"${(typeof value === 'string' ? value : JSON.stringify(value)).replaceAll('"', '""')}"`

function* csv() {
  const shown = (one: ReturnType<typeof person>) => ({ ...one, roles: '' })
  yield `${Object.keys(person(1)).join(',')}\r\n`
  for (let id = 1; id <= rows; id += 1)
    yield `${Object.values(shown(person(id)))
      .map(quoted)
      .join(',')}\r\n`
}

async function yumen(env: Record<string, string>, ...args: string[]): Promise<number> {
  const started = performance.now()
  const child = spawn(process.execPath, [cli, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [code] = (await once(child, 'close')) as [number]
  if (code !== 0) throw new Error(`${args.join(' ')} exited with ${code}`)
  return (performance.now() - started) / 1000
}

const folder = await mkdtemp(join(tmpdir(), 'yumen-bench-'))
const servers = await startServers()
try {
  const files = { 'JSON lines': join(folder, 'people.jsonl'), CSV: join(folder, 'people.csv') }
  await pipeline(jsonLines, createWriteStream(files['JSON lines']))
  await pipeline(csv, createWriteStream(files.CSV))
  const { size } = await stat(files['JSON lines'])
  console.log(
    `${rows} rows, ${Math.round(size / 1e6)} MB; ${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}\n`,
  )
  console.log('| database | file | dry run | import | rows/s | again |')
  console.log('| --- | --- | ---: | ---: | ---: | ---: |')
  const postgres = servers.env['TEST_POSTGRES_URL']
  for (const [name, file] of Object.entries(files)) {
    await measure('SQLite', name, { file, url: `sqlite:${join(folder, `${name}.db`)}` })
    if (postgres === undefined) continue
    const url = await createDatabase(postgres, `bench_${name.replaceAll(/\W/g, '').toLowerCase()}`)
    await measure('PostgreSQL', name, { file, url })
  }
} finally {
  await servers.stop()
  await rm(folder, { recursive: true, force: true })
}

async function measure(
  database: string,
  format: string,
  { file, url }: { file: string; url: string },
): Promise<void> {
  const env = {
    NODE_ENV: 'test',
    DATA_DIR: folder,
    DATABASE_URL: url,
    SECRET_KEY: 'a key for measuring, of 32 characters',
  }
  await yumen(env, 'migrate')
  const dry = await yumen(env, 'user', 'import', file, '--dry-run')
  const first = await yumen(env, 'user', 'import', file)
  const again = await yumen(env, 'user', 'import', file)
  const seconds = [dry, first, again].map((one) => `${one.toFixed(1)} s`)
  console.log(
    `| ${database} | ${format} | ${seconds[0]} | ${seconds[1]} | ${Math.round(rows / first)} | ${seconds[2]} |`,
  )
}

async function createDatabase(server: string, name: string): Promise<string> {
  const { Client } = await import('pg')
  const client = new Client({ connectionString: server })
  await client.connect()
  await client.query(`CREATE DATABASE ${name}`)
  await client.end()
  return Object.assign(new URL(server), { pathname: `/${name}` }).href
}
