import test, { type ExecutionContext } from 'ava'
import { loadConfig } from '#config/load.ts'
import type { Storage } from '#storage/storage.ts'
import { createPasswords } from '#users/passwords.ts'
import { openStorage } from '#compose/storage.ts'
import { environment, yumen, type Outcome } from './cli.ts'

const costs = { memoryKib: 8192, timeCost: 1, parallelism: 1, queueMax: 100 }
const { verify } = createPasswords(costs)

async function prepare(t: ExecutionContext) {
  const env = {
    ...(await environment(t)),
    ARGON2_MEMORY_KIB: String(costs.memoryKib),
    ARGON2_TIME_COST: '1',
  }
  const withStorage = async <T>(work: (storage: Storage) => Promise<T>): Promise<T> => {
    const storage = await openStorage(loadConfig(env))
    try {
      return await work(storage)
    } finally {
      await storage.close()
    }
  }
  await withStorage((storage) => storage.migrate())
  const fits = (identifier: string, password: string) =>
    withStorage(async ({ users }) => {
      const user = await users.findByIdentifier(identifier)
      return user !== undefined && verify(await users.findPasswordHash(user.id), password)
    })
  return { env, withStorage, fits }
}

const passwordIn = ({ out }: Outcome): string => /^password +(\S+) +\(shown once\)$/m.exec(out)![1]!

test('user create makes an account and prints a password once', async (t) => {
  const { env, withStorage, fits } = await prepare(t)
  const made = await yumen(
    env,
    ...'user create --email Ann@example.com --username ann --nickname Ann --role admin --verified'.split(
      ' ',
    ),
  )
  t.deepEqual([made.code, made.err], [0, ''])
  t.true(await fits('ann@example.com', passwordIn(made)))
  await withStorage(async ({ users, audit }) => {
    const user = await users.findByIdentifier('ann')
    t.like(user, { email: 'Ann@example.com', emailVerified: true, nickname: 'Ann' })
    t.deepEqual(user!.roles, ['admin'])
    t.true(made.out.includes(user!.id))
    const { events } = await audit.list({ limit: 9 })
    t.like(events[0], { type: 'user.registered', actor: 'cli', target: `user:${user!.id}` })
    t.notRegex(JSON.stringify(events), new RegExp(passwordIn(made)))
  })
})

test('user create takes a password from standard input and does not print it', async (t) => {
  const { env, fits } = await prepare(t)
  const made = await yumen(
    { ...env, input: 'correct horse battery\n' },
    ...'user create --email ann@example.com --password-stdin'.split(' '),
  )
  t.is(made.code, 0, made.err)
  t.notRegex(made.out, /password|correct/)
  t.true(await fits('ann@example.com', 'correct horse battery'))
})

test('user create says in one sentence what is wrong, and makes no one', async (t) => {
  const { env, withStorage } = await prepare(t)
  await yumen(env, 'user', 'create', '--email', 'ann@example.com')
  const wrong = [
    [/^The email is taken\.\n$/, '--email', 'ANN@example.com'],
    [/^"nobody" is no e-mail address\.\n$/, '--email', 'nobody'],
    [/^A username has 3 to 32 /, '--username', 'a@b'],
    [/^Give --email, --username or both\.\n$/],
    [/^There is no role "king"\.\n$/, '--email', 'bo@example.com', '--role', 'king'],
    [/^The password is too short/, '--email', 'bo@example.com', '--password-stdin'],
  ] as const
  for (const [sentence, ...args] of wrong) {
    const { code, out, err } = await yumen({ ...env, input: 'short' }, 'user', 'create', ...args)
    t.deepEqual([code, out], [1, ''], args.join(' '))
    t.regex(err, sentence)
  }
  const { users } = await withStorage((storage) => storage.users.list({ limit: 9 }))
  t.is(users.length, 1)
})

test('user reset-password sets a password and ends every sign-in', async (t) => {
  const { env, withStorage, fits } = await prepare(t)
  const old = passwordIn(await yumen(env, 'user', 'create', '--username', 'ann'))
  const id = await withStorage(async ({ users, artifacts }) => {
    const { id } = (await users.findByIdentifier('ann'))!
    await artifacts.put('Grant', 'k', { payload: '{}', accountId: id, grantId: 'g' })
    return id
  })
  const reset = await yumen(env, 'user', 'reset-password', id)
  t.deepEqual([reset.code, reset.err], [0, ''])
  t.false(await fits('ann', old))
  t.true(await fits('ann', passwordIn(reset)))
  t.is(await withStorage(({ artifacts }) => artifacts.find('Grant', 'k')), undefined)
  const { events } = await withStorage(({ audit }) => audit.list({ limit: 1 }))
  t.like(events[0], { type: 'password.set', target: `user:${id}` })

  const given = await yumen(
    { ...env, input: 'correct horse battery' },
    ...'user reset-password ann --password-stdin'.split(' '),
  )
  t.is(given.code, 0)
  t.true(await fits('ann', 'correct horse battery'))
  const unknown = await yumen(env, 'user', 'reset-password', 'nobody')
  t.deepEqual([unknown.code, unknown.err], [1, 'Nobody has the e-mail, username or id "nobody".\n'])
})

test('user ban ends everything at once, spares the last administrator, and unban takes it back', async (t) => {
  const { env, withStorage } = await prepare(t)
  await yumen(env, 'user', 'create', '--username', 'ann')
  await yumen(env, 'user', 'create', '--username', 'root', '--role', 'admin')
  await withStorage(async ({ users, artifacts }) => {
    const { id: accountId } = (await users.findByIdentifier('ann'))!
    await artifacts.put('Grant', 'k', { payload: '{}', accountId, grantId: 'g' })
  })
  t.is((await yumen(env, 'user', 'ban', 'ann')).code, 0)
  await withStorage(async ({ users, artifacts }) => {
    t.truthy((await users.findByIdentifier('ann'))!.bannedAt)
    t.is(await artifacts.find('Grant', 'k'), undefined)
  })
  t.is((await yumen(env, 'token', 'issue', '--user', 'ann')).err, 'They are banned.\n')

  t.is((await yumen(env, 'user', 'unban', 'ann')).code, 0)
  const last = await yumen(env, 'user', 'ban', 'root')
  t.deepEqual(
    [last.code, last.err],
    [1, 'This is the last administrator: make another one first.\n'],
  )
  await withStorage(async ({ users, audit }) => {
    t.is((await users.findByIdentifier('ann'))!.bannedAt, undefined)
    t.is((await users.findByIdentifier('root'))!.bannedAt, undefined)
    const { events } = await audit.list({ limit: 9 })
    t.deepEqual(
      events.map(({ type }) => type),
      ['user.unbanned', 'user.banned', 'user.registered', 'user.registered'],
    )
  })
})

test('a database that is not migrated is told in one sentence', async (t) => {
  const { code, err } = await yumen(await environment(t), 'user', 'ban', 'ann')
  t.deepEqual([code, err.trim().split('\n').length], [1, 1])
  t.regex(err, /run "migrate" first/)
})
