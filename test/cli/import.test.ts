import test, { type ExecutionContext } from 'ava'
import { hash as hashBcrypt } from 'bcryptjs'
import { access, readFile, stat, writeFile } from 'node:fs/promises'
import { loadConfig } from '#config/load.ts'
import { newId } from '#lib/ids.ts'
import type { Storage } from '#storage/storage.ts'
import { importUsers, type Import } from '../../src/cli/import/run.ts'
import { dryTarget, storageTarget, type Target } from '../../src/cli/import/target.ts'
import { secretsOf } from '#config/development-secret.ts'
import { createServices } from '#compose/services.ts'
import { createLog } from '#telemetry/log.ts'
import { openStorage as openConfigured } from '#compose/storage.ts'
import { openStorage } from '../support/storage.ts'
import { environment, yumen } from './cli.ts'
import { temporaryFile } from './import/temporary-file.ts'

const lines = (...rows: unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('')
const report = async (path: string): Promise<Record<string, unknown>[]> =>
  (await readFile(`${path}.refused.jsonl`, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

/* The command. */

async function prepare(t: ExecutionContext) {
  const env = await environment(t)
  const config = loadConfig({ ...env, ARGON2_MEMORY_KIB: '8192', ARGON2_TIME_COST: '1' })
  const storage = await openConfigured(config)
  t.teardown(() => storage.close())
  await storage.migrate()
  return { env, storage, config }
}

test('user import brings people with their passwords, who then sign in and get a hash of ours', async (t) => {
  const { env, storage, config } = await prepare(t)
  const path = await temporaryFile(
    t,
    'people.jsonl',
    lines(
      {
        id: 17,
        email: 'Ann@example.com',
        email_verified: true,
        username: 'ann',
        name: 'Ann 安',
        phone: '+86 138-0000-0000',
        avatar_url: 'https://img.example/ann.png',
        locale: 'zh_CN',
        roles: ['admin'],
        password_hash: await hashBcrypt('correct horse', 4),
        created_at: '2020-01-02T03:04:05Z',
        metadata: { private: { plan: 'gold' }, public: { theme: 'dark' } },
      },
      { id: 'b-1', username: 'bob', is_active: false, created_at: 1577934245, metadata: { a: 1 } },
    ),
  )
  const { code, out, err } = await yumen(env, 'user', 'import', path)
  t.deepEqual([code, err], [0, ''])
  t.regex(out, /^created +2$/m)
  t.false(await isThere(`${path}.refused.jsonl`))
  t.false(await isThere(`${path}.progress`))

  const ann = await storage.users.findByIdentifier('ann@example.com')
  t.like(ann, {
    email: 'Ann@example.com',
    emailVerified: true,
    username: 'ann',
    nickname: 'Ann 安',
    phone: '+8613800000000',
    avatarUrl: 'https://img.example/ann.png',
    locale: 'zh-CN',
    createdAt: Date.UTC(2020, 0, 2, 3, 4, 5),
    bannedAt: undefined,
  })
  t.deepEqual(ann!.roles, ['admin'])
  t.deepEqual(ann!.metadata, {
    public: { theme: 'dark' },
    private: { plan: 'gold', legacy_id: '17' },
  })
  const bo = await storage.users.findByIdentifier('bob')
  t.is(typeof bo!.bannedAt, 'number')
  t.is(bo!.createdAt, Date.UTC(2020, 0, 2, 3, 4, 5))
  t.deepEqual(bo!.metadata.private, { a: 1, legacy_id: 'b-1' })

  const { events } = await storage.audit.list({ limit: 9, type: 'user.imported' })
  t.like(events[0], { type: 'user.imported', actor: 'cli' })
  t.like(events[0]!.details, { file: 'people.jsonl', created: 2, refused: 0 })

  const log = createLog('silent')
  const secrets = secretsOf(config)
  const services = createServices({ config, storage, log, now: Date.now, secrets })
  t.teardown(() => Promise.all([services.mail.queue.stop(), services.telemetry.audit.stop()]))
  const { authenticate } = services.accounts
  const credentials = { identifier: 'ann', password: 'correct horse', address: '127.0.0.1' }
  t.is(await authenticate({ ...credentials, password: 'wrong horse' }), undefined)
  t.is((await authenticate(credentials))?.id, ann!.id)
  t.regex((await storage.users.findPasswordHash(ann!.id))!, /^\$argon2id\$/)
  t.is((await authenticate(credentials))?.id, ann!.id)
})

test('user import exits 1 when someone was refused, and reports who and why, never a hash', async (t) => {
  const { env, storage } = await prepare(t)
  await storage.users.create({ id: newId(), email: 'taken@example.com' })
  const path = await temporaryFile(
    t,
    'people.csv',
    [
      '\uFEFFid,email,username,roles,password_hash,Last IP',
      '1,"good@example.com",good,admin,,10.0.0.1',
      '2,TAKEN@example.com,,,,',
      '3,nonsense,x,,,',
      '4,hash@example.com,,,md5$salt$hash,',
      '5,role@example.com,,admin;king,,',
      '6,short@example.com',
      '7,"quote@example.com"x,,,,',
      '8,,,,,',
      '9,$2b$12$this-is-a-hash-in-the-wrong-column,,,,',
      '10,good@EXAMPLE.com,,,,',
      '',
    ].join('\r\n'),
  )
  const { code, out, err } = await yumen(env, 'user', 'import', path, '--batch', '3')
  t.deepEqual([code, err], [1, ''])
  t.regex(out, /^created +1$/m)
  t.regex(out, /^refused +9 {2}\(why: .*people\.csv\.refused\.jsonl\)$/m)
  t.regex(out, /^ignored fields +Last IP$/m)
  t.deepEqual(await report(path), [
    { line: 3, reason: 'email_taken', identifier: 'TAKEN@example.com' },
    { line: 4, reason: 'email_invalid, username_invalid', identifier: 'nonsense' },
    { line: 5, reason: 'password_hash_invalid', identifier: 'hash@example.com' },
    { line: 6, reason: 'role_unknown', identifier: 'role@example.com' },
    { line: 7, reason: 'csv_columns' },
    { line: 8, reason: 'csv_invalid' },
    { line: 9, reason: 'identifier_missing', identifier: '8' },
    { line: 10, reason: 'email_invalid' },
    { line: 11, reason: 'email_taken', identifier: 'good@EXAMPLE.com' },
  ])
  t.is((await stat(`${path}.refused.jsonl`)).mode & 0o777, 0o600)
  const { users } = await storage.users.list({ limit: 9 })
  const emails = users.map(({ email }) => email)
  t.deepEqual(new Set(emails), new Set(['good@example.com', 'taken@example.com']))
})

test('user import --dry-run says what an import then does, and writes no one', async (t) => {
  const { env, storage } = await prepare(t)
  await storage.users.create({ id: newId(), email: 'taken@example.com' })
  const path = await temporaryFile(
    t,
    'people.jsonl',
    lines(
      { id: 1, email: 'a@example.com', username: 'same-name' },
      { id: 2, email: 'A@example.com' },
      { id: 3, email: 'b@example.com', username: 'Same-Name' },
      { id: 1, email: 'a@example.com' },
      { id: 4, email: 'taken@example.com' },
      { id: 5, email: 'c@example.com' },
    ),
  )
  const dry = await yumen(env, 'user', 'import', path, '--dry-run')
  t.is(dry.code, 1)
  t.is((await storage.users.list({ limit: 9 })).users.length, 1)
  t.false(await isThere(`${path}.progress`))
  const foretold = await report(path)

  const real = await yumen(env, 'user', 'import', path)
  t.deepEqual(await report(path), foretold)
  const counts = ({ out }: { out: string }) => out.replace('would be ', '').replaceAll(/ +/g, ' ')
  t.is(counts(dry).split('took')[0], counts(real).split('took')[0])
  t.regex(real.out, /^created +2$/m)
  t.regex(real.out, /^already there +1$/m)
})

test('user import takes names of fields from --map, and refuses a file that it cannot read', async (t) => {
  const { env, storage } = await prepare(t)
  const path = await temporaryFile(t, 'people', 'uid,mail,name,roles\n7,ann@example.com,Ann,king\n')
  const unnamed = await yumen(env, 'user', 'import', path)
  t.deepEqual(
    [unnamed.code, unnamed.err],
    [1, 'Say what the file is: --format jsonl or --format csv.\n'],
  )
  const unmapped = await yumen(env, 'user', 'import', path, '--format', 'csv')
  t.regex(unmapped.err, /^No column is called email or username\./)
  const wrong = await yumen(env, 'user', 'import', path, '--map', 'nonsense=x')
  t.is(wrong.code, 1)
  t.regex(wrong.err, /new=old, where new is one of id, email,/)

  const map = ['--map', 'id=uid', 'email=mail', 'roles=']
  const { code, out, err } = await yumen(env, 'user', 'import', path, '--format', 'csv', ...map)
  t.deepEqual([code, err], [0, ''], out)
  t.notRegex(out, /ignored/)
  const ann = await storage.users.findByIdentifier('ann@example.com')
  t.like(ann, { nickname: 'Ann' })
  t.is(ann!.metadata.private['legacy_id'], '7')
  t.is((await yumen(env, 'user', 'import', '/nowhere.csv')).code, 1)
})

/* Interruptions. */

const people = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    id: index,
    email: index % 10 === 9 ? 'nonsense' : `p${index}@example.com`,
  }))

const run = (
  path: string,
  target: Target,
  given: Partial<Import> = {},
): ReturnType<typeof importUsers> =>
  importUsers(
    {
      path,
      format: 'jsonl',
      map: new Map(),
      batch: 7,
      dryRun: false,
      reportPath: `${path}.refused.jsonl`,
      ...given,
    },
    {
      target,
      context: { roles: new Set(), now: Date.now() },
      onBegin: () => undefined,
      onBatch: async () => undefined,
    },
  )

/** Fails at the batch of this number, before or after it is written. */
const failed = { message: 'the power is gone' }

function failing(storage: Storage, at: number, isWritten: boolean): Target {
  const target = storageTarget(storage.users)
  let batch = 0
  return {
    ...target,
    async write(users) {
      batch += 1
      if (batch < at) return target.write(users)
      if (isWritten) await target.write(users)
      throw new Error(failed.message)
    },
  }
}

for (const isWritten of [false, true]) {
  test(`an import that was interrupted ${isWritten ? 'after' : 'before'} a batch was written goes on there`, async (t) => {
    const { storage } = await openStorage(t)
    const path = await temporaryFile(t, 'people.jsonl', lines(...people(50)))
    await t.throwsAsync(run(path, failing(storage, 4, isWritten)), failed)
    const progress = JSON.parse(await readFile(`${path}.progress`, 'utf8')) as {
      position: { line: number }
    }
    t.is(progress.position.line, 22)

    const result = await run(path, storageTarget(storage.users))
    t.like(result, isWritten ? { created: 38, present: 7 } : { created: 45, present: 0 })
    t.is(result.refused, 5)
    t.deepEqual(
      (await report(path)).map(({ line }) => line),
      [10, 20, 30, 40, 50],
      'each once',
    )
    t.is((await storage.users.list({ limit: 100 })).users.length, 45)
    t.false(await isThere(`${path}.progress`))
  })
}

test('an import of CSV goes on after its header, with the same columns', async (t) => {
  const { storage } = await openStorage(t)
  const rows = people(30).map(({ id, email }) => `${id},${email},"two\nlines"`)
  const path = await temporaryFile(t, 'people.csv', ['id,email,note', ...rows].join('\n'))
  const format = { format: 'csv' } as const
  await t.throwsAsync(run(path, failing(storage, 3, false), format), failed)
  t.like(await run(path, storageTarget(storage.users), format), { created: 27, refused: 3 })
  t.deepEqual(
    (await report(path)).map(({ line }) => line),
    [20, 40, 60],
  )
})

test('progress of another file, or of other options, is not gone on with', async (t) => {
  const { storage } = await openStorage(t)
  const path = await temporaryFile(t, 'people.jsonl', lines(...people(50)))
  await t.throwsAsync(run(path, failing(storage, 2, false)), failed)
  const target = storageTarget(storage.users)
  const message = /Delete it to start again/
  await t.throwsAsync(run(path, target, { map: new Map([['email', 'mail']]) }), { message })
  await writeFile(path, lines(...people(51)))
  await t.throwsAsync(run(path, target), { message })
  t.is((await run(path, dryTarget(storage.users), { dryRun: true })).present, 7)
})

test('anyone who is imported again counts as there already, by the former id or else by the hash', async (t) => {
  const { storage } = await openStorage(t)
  const password_hash = await hashBcrypt('correct horse', 4)
  const path = await temporaryFile(
    t,
    'people.jsonl',
    lines({ id: 1, email: 'a@example.com' }, { email: 'b@example.com', password_hash }),
  )
  const target = storageTarget(storage.users)
  t.like(await run(path, target), { created: 2, present: 0, refused: 0 })
  t.like(await run(path, target), { created: 0, present: 2, refused: 0 })
  await writeFile(
    path,
    lines(
      { id: 2, email: 'a@example.com' },
      { email: 'a@example.com' },
      { email: 'b@example.com' },
      { id: 3, email: 'b@example.com', password_hash },
    ),
  )
  t.like(await run(path, target), { created: 0, present: 0, refused: 4 })
})
