import { existsSync, readdirSync, statSync } from 'node:fs'
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { newSecret } from '#lib/ids.ts'
import { environment, yumen } from './cli.ts'

async function withDatabase(t: Parameters<typeof environment>[0]) {
  const env = await environment(t)
  await yumen(env, 'migrate')
  await yumen(env, 'keys', 'rotate')
  await yumen(env, 'user', 'create', '--username', 'zoe')
  const file = join(env['DATA_DIR']!, 'yumen.backup')
  const restored = join(env['DATA_DIR']!, 'restored', 'yumen.db')
  return { env, file, restored, there: { ...env, DATABASE_URL: `sqlite:${restored}` } }
}

test('backup and restore copy the database, readable by its owner only', async (t) => {
  const { env, file, restored, there } = await withDatabase(t)
  const made = await yumen(env, 'backup', file)
  t.is(made.code, 0, made.err)
  t.regex(made.out, /cannot be used without SECRET_KEY/)
  t.is(statSync(file).mode & 0o777, 0o600)

  const done = await yumen(there, 'restore', file)
  t.is(done.code, 0, done.err)
  t.is(statSync(restored).mode & 0o777, 0o600)
  t.is(statSync(join(restored, '..')).mode & 0o777, 0o700)
  t.deepEqual(readdirSync(join(restored, '..')), ['yumen.db'])
  const keys = (settings: typeof env) => yumen(settings, 'keys', 'list').then(({ out }) => out)
  t.is(await keys(there), await keys(env))
  t.is((await yumen(there, 'user', 'ban', 'zoe')).code, 0)
})

test('neither command overwrites a file', async (t) => {
  const { env, file, restored, there } = await withDatabase(t)
  await writeFile(file, 'something else')
  const again = await yumen(env, 'backup', file)
  t.is(again.code, 1)
  t.is(again.err, `${file} exists already: move it away first.\n`)
  t.is(await readFile(file, 'utf8'), 'something else')

  const good = `${file}.2`
  await yumen(env, 'backup', good)
  const over = await yumen(env, 'restore', good)
  t.is(over.code, 1)
  t.regex(over.err, /yumen\.db exists already: move it away first\.\n$/)
  await yumen(there, 'restore', good)
  await copyFile(restored, `${restored}-wal`)
  await rm(restored)
  const stale = await yumen(there, 'restore', good)
  t.is(stale.code, 1)
  t.regex(stale.err, /-wal belongs to another database: move it away first\.\n$/)
  t.false(existsSync(restored))
})

test('restore refuses a file that is damaged, foreign or sealed with another SECRET_KEY, and leaves nothing behind', async (t) => {
  const { env, file, restored, there } = await withDatabase(t)
  const refused = async (settings: typeof env, path: string): Promise<string> => {
    const { code, out, err } = await yumen(settings, 'restore', path)
    t.deepEqual([code, out], [1, ''])
    t.false(existsSync(restored))
    t.deepEqual(existsSync(join(restored, '..')) ? readdirSync(join(restored, '..')) : [], [])
    return err
  }
  t.regex(await refused(there, file), /^There is no backup at /)
  await yumen(env, 'backup', file)
  const other = { ...there, SECRET_KEY: newSecret(48) }
  t.regex(await refused(other, file), /^The signing keys in the database do not open/)

  const bytes = await readFile(file)
  await writeFile(`${file}.torn`, bytes.subarray(0, bytes.length / 2))
  t.regex(await refused(there, `${file}.torn`), /is damaged or not a database\.\n$/)
  await writeFile(`${file}.text`, 'a letter to the editor')
  t.regex(await refused(there, `${file}.text`), /is damaged or not a database\.\n$/)
  await writeFile(`${file}.empty`, '')
  t.regex(await refused(there, `${file}.empty`), /^The file is not a Yumen database\.\n$/)
})

test('on other databases both commands name the tools to use, and do nothing', async (t) => {
  const env = await environment(t)
  const there = { ...env, DATABASE_URL: 'postgres://user:hunter2@127.0.0.1:1/db' }
  for (const command of ['backup', 'restore']) {
    const { code, err } = await yumen(there, command, join(env['DATA_DIR']!, 'file'))
    t.is(code, 1)
    t.regex(err, /pg_dump and mariadb-dump: see "Backup and restore"/)
  }
  const missing = await yumen(env, 'backup', join(env['DATA_DIR']!, 'file'))
  t.regex(missing.err, /^There is no database at .*yumen\.db\.\n$/)
  t.deepEqual(readdirSync(env['DATA_DIR']!), [])
})
