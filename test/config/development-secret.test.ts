import test, { type ExecutionContext } from 'ava'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { secretsOf } from '#config/development-secret.ts'
import { loadConfig } from '#config/load.ts'

function folderFor(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'yumen-secret-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return folder
}

test('in development a secret is made once, kept for its owner alone, and found again', (t) => {
  const DATA_DIR = join(folderFor(t), 'made', 'here')
  const [secret] = secretsOf(loadConfig({ DATA_DIR }))
  t.true(secret.length >= 64)
  t.is(statSync(join(DATA_DIR, 'secret-key')).mode & 0o777, 0o600)
  t.is(statSync(DATA_DIR).mode & 0o777, 0o700)
  t.deepEqual(secretsOf(loadConfig({ DATA_DIR })), [secret])
  t.deepEqual(readdirSync(DATA_DIR), ['secret-key'])
})

test('a given secret comes first, the former ones after it, and nothing is written', (t) => {
  const DATA_DIR = folderFor(t)
  const [a, b, c] = ['a1b2c3d4'.repeat(4), 'e5f6g7h8'.repeat(4), 'i9j0k1l2'.repeat(4)]
  const config = loadConfig({ DATA_DIR, SECRET_KEY: a, SECRET_KEY_PREVIOUS: `${b},${c}` })
  t.deepEqual(secretsOf(config), [a, b, c])
  t.deepEqual(readdirSync(DATA_DIR), [])
})
