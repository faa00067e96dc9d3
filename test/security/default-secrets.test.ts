import { execFile } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { secretsOf } from '#config/development-secret.ts'
import { InvalidConfig, loadConfig } from '#config/load.ts'
import { newSecret } from '#lib/ids.ts'

/** Casdoor ships a private key and `admin/123`. */

const root = join(import.meta.dirname, '../..')
const run = promisify(execFile)

/** What git has or would take: tracked files and new ones that it does not ignore. */
async function repositoryFiles(): Promise<string[]> {
  const listed = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const { stdout } = await run('git', listed, { cwd: root, maxBuffer: 1e8 })
  return stdout.split('\0').filter((name) => name && !/\.(png|jpg|ico|woff2?)$/.test(name))
}

/** Nowhere, not even in a test. */
const forbidden: Record<string, RegExp> = {
  'a private key in PEM': /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  'a private JWK': /"d"\s*:\s*"[\w-]{40,}"/,
  'a token of a service': /\b(ghp_\w{30,}|AKIA[A-Z0-9]{16}|xox[bp]-[\w-]{20,}|npm_\w{30,})\b/,
}

/** Not where someone could take it for a default: `NAME=value`, `NAME: "value"`, and without quotes in YAML. */
const noDefaults: Record<string, RegExp> = {
  'a value for SECRET_KEY': /\bSECRET_KEY(_PREVIOUS)?(=["']?|:\s*["'])[\w+/-]{8,}/,
  'a password for the administrator': /\bADMIN_PASSWORD(=["']?|:\s*["'])\w/,
  'either of them in YAML': /^\s*(SECRET_KEY|ADMIN_PASSWORD): *[\w+/-]{4,}\s*$/m,
}

test('no file of the repository holds a key, a secret or a password', async (t) => {
  const names = await repositoryFiles()
  t.true(names.includes('src/main.ts'))
  t.false(names.some((name) => /(^|\/)(\.env|secret-key|.*\.(pem|key|p12|pfx|db))$/.test(name)))
  for (const name of names) {
    if (name === 'test/security/default-secrets.test.ts') continue
    const text = await readFile(join(root, name), 'utf8').catch(() => '')
    const isOfTests = /^(test|bench)\//.test(name)
    for (const [what, pattern] of Object.entries({
      ...forbidden,
      ...(isOfTests ? {} : noDefaults),
    }))
      t.notRegex(text, pattern, `${name}: ${what}`)
  }
})

const production = {
  NODE_ENV: 'production',
  SECRET_KEY: newSecret(48),
  ISSUER: 'https://id.example.com',
  DATABASE_URL: 'postgres://yumen@db.example/yumen',
}

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(env)
    return []
  } catch (error) {
    if (error instanceof InvalidConfig) return error.problems
    throw error
  }
}

test('production starts with its own secret, address and database, and refuses without one of them', (t) => {
  t.deepEqual(problemsOf(production), [])
  for (const name of ['SECRET_KEY', 'ISSUER', 'DATABASE_URL'] as const) {
    const { [name]: _left, ...others } = production
    const problems = problemsOf(others)
    t.is(problems.length, 1, name)
    t.true(problems[0]!.startsWith(name))
  }
})

test('production refuses an address that is not https and a secret that anyone could guess', (t) => {
  t.regex(
    problemsOf({ ...production, ISSUER: 'http://id.example.com' })[0] ?? '',
    /^ISSUER must begin/,
  )
  for (const SECRET_KEY of ['secret', 'a'.repeat(64), 'change-me', 'abab'.repeat(16)]) {
    const problems = problemsOf({ ...production, SECRET_KEY })
    t.is(problems.length, 1, SECRET_KEY)
    t.false(problems.join().includes(SECRET_KEY))
  }
})

test('the process ends with 78 and one sentence for each problem, and leaves nothing behind', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'yumen-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const env = { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production', DATA_DIR: folder }
  const failed = await t.throwsAsync<Error & { code: number; stderr: string; stdout: string }>(
    run(process.execPath, [join(root, 'src/start.mjs')], { cwd: folder, env, timeout: 30_000 }),
    { code: 78 },
  )
  const lines = failed?.stderr.trim().split('\n') ?? []
  t.deepEqual(
    lines.map((line) => line.split(' ')[0]!).toSorted((a, b) => a.localeCompare(b)),
    ['DATABASE_URL', 'ISSUER', 'SECRET_KEY'],
  )
  t.true(lines.every((line) => line.endsWith('.')))
  t.deepEqual(await readdir(folder), [])
})

test('two servers that start without a secret do not have the same one, and keep it to themselves', async (t) => {
  const folders = await Promise.all([1, 2].map(() => mkdtemp(join(tmpdir(), 'yumen-'))))
  t.teardown(() => Promise.all(folders.map((one) => rm(one, { recursive: true, force: true }))))
  const secrets = folders.map((DATA_DIR) => secretsOf(loadConfig({ DATA_DIR }))[0])
  t.not(secrets[0], secrets[1])
  t.true(secrets.every((secret) => secret.length >= 43))
  t.is((await stat(join(folders[0]!, 'secret-key'))).mode & 0o777, 0o600)
})
