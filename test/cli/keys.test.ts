import test from 'ava'
import { loadConfig } from '#config/load.ts'
import { openStorage } from '#compose/storage.ts'
import { environment, yumen } from './cli.ts'

const states = (out: string): string[] =>
  out
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/).slice(1, 3).join(' '))
    .toSorted()

test('migrate prepares a database once, and --check tells what is missing without doing it', async (t) => {
  const env = await environment(t)
  const before = await yumen(env, 'migrate', '--check')
  t.is(before.code, 1)
  t.regex(before.out, /^pending {2}0001_create_users/m)
  t.is((await yumen(env, 'migrate', '--check')).out, before.out)

  const first = await yumen(env, 'migrate')
  t.is(first.code, 0)
  t.is(first.out, before.out.replaceAll('pending', 'done'))
  const again = await yumen(env, 'migrate')
  t.deepEqual([again.code, again.out], [0, 'The schema is up to date.\n'])
  const check = await yumen(env, 'migrate', '--check')
  t.deepEqual([check.code, check.out], [0, 'The schema is up to date.\n'])
})

test('several migrations at once all end well', async (t) => {
  const env = await environment(t)
  const outcomes = await Promise.all([1, 2, 3].map(() => yumen(env, 'migrate')))
  t.deepEqual(
    outcomes.map(({ code }) => code),
    [0, 0, 0],
    outcomes.map(({ err }) => err).join(),
  )
  const done = outcomes.flatMap(({ out }) => out.match(/^done .*$/gm) ?? [])
  t.is(new Set(done).size, done.length, 'each ran once')
})

test('keys rotate moves every key on, and refuses when the next one is too new', async (t) => {
  const env = await environment(t)
  await yumen(env, 'migrate')
  t.is((await yumen(env, 'keys', 'list')).out, '')
  const made = await yumen(env, 'keys', 'rotate')
  t.is(made.code, 0)
  t.deepEqual(states(made.out), ['ES256 next', 'RS256 next'])

  const early = await yumen(env, 'keys', 'rotate')
  t.is(early.code, 1)
  t.is(early.out, '')
  t.regex(early.err, /^The next key is too new: .* use --force\.\n$/)

  const forced = await yumen(env, 'keys', 'rotate', '--force')
  t.is(forced.code, 0)
  t.deepEqual(states(forced.out), ['ES256 current', 'ES256 next', 'RS256 current', 'RS256 next'])
  t.is((await yumen(env, 'keys', 'list')).out, forced.out)
  t.notRegex(forced.out, /"d"|kty/)
})

test('keys revoke removes a key at once, the next key takes over, and the audit log records it', async (t) => {
  const env = await environment(t)
  await yumen(env, 'migrate')
  await yumen(env, 'keys', 'rotate')
  const { out } = await yumen(env, 'keys', 'rotate', '--force')
  const [kid = ''] = /^\S+(?= +ES256 +current)/m.exec(out) ?? []
  const [next = ''] = /^\S+(?= +ES256 +next)/m.exec(out) ?? []

  const revoked = await yumen(env, 'keys', 'revoke', kid)
  t.is(revoked.code, 0, revoked.err)
  t.false(revoked.out.includes(kid))
  t.regex(revoked.out, new RegExp(`^${next}  ES256  current`, 'm'))
  t.deepEqual(states(revoked.out), ['ES256 current', 'ES256 next', 'RS256 current', 'RS256 next'])

  const again = await yumen(env, 'keys', 'revoke', kid)
  t.deepEqual([again.code, again.err], [1, 'There is no such key. "keys list" shows them.\n'])

  const storage = await openStorage(loadConfig(env))
  t.teardown(() => storage.close())
  const { events } = await storage.audit.list({ type: 'keys.', limit: 9 })
  t.like(events[0], {
    type: 'keys.revoked',
    actor: 'cli',
    target: `key:${kid}`,
    details: { alg: 'ES256', state: 'current' },
  })
  t.deepEqual(
    events.map(({ type }) => type),
    ['keys.revoked', 'keys.rotated', 'keys.rotated'],
  )
})

test('a database that is not migrated, or cannot be reached, is told in one sentence', async (t) => {
  const env = await environment(t)
  const empty = await yumen(env, 'keys', 'list')
  t.is(empty.code, 1)
  t.notRegex(empty.err, / {4}at /)
  const away = await yumen(
    { ...env, DATABASE_URL: 'postgres://user:hunter2@127.0.0.1:1/db' },
    'keys',
    'list',
  )
  t.is(away.code, 1)
  t.is(away.err.trim().split('\n').length, 1)
  t.notRegex(away.err, /hunter2/)
})
