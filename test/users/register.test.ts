import { verify } from 'argon2'
import test, { type ExecutionContext } from 'ava'
import { StorageUnavailable } from '#storage/errors.ts'
import { createPasswordPolicy } from '#users/password-policy.ts'
import { createPasswords } from '#users/passwords.ts'
import { createRegister, type RegistrationProblems } from '#users/register.ts'
import { openStorage } from '../support/storage.ts'

const rules = { minLength: 8, minStrength: 0, needsClasses: false }
const cheap = { memoryKib: 8192, timeCost: 1, parallelism: 1, queueMax: 1000 }

async function begin(t: ExecutionContext) {
  const { storage } = await openStorage(t)
  const { users } = storage
  const passwords = createPasswords(cheap)
  const register = createRegister({ users, passwords, passwordPolicy: createPasswordPolicy(rules) })
  const everyone = async () => (await users.list({ limit: 100 })).users
  return { storage, users, register, everyone }
}

const good = { email: 'li.hua@example.com', password: 'a long pass phrase' }

async function problemsOf(
  { register, everyone }: Awaited<ReturnType<typeof begin>>,
  overrides: Record<string, string>,
): Promise<RegistrationProblems | undefined> {
  const result = await register({ ...good, ...overrides })
  if ('user' in result || (await everyone()).length > 0) return undefined
  return result.problems
}

test('a good registration is written, trimmed, with a hash and without roles', async (t) => {
  const { register, everyone, users } = await begin(t)
  const given = {
    email: '  li.hua@example.com ',
    username: ' lihua ',
    nickname: ' 李华 ',
    locale: 'zh-CN',
  }
  t.true('user' in (await register({ ...good, ...given })))
  const [made, ...others] = await everyone()
  t.deepEqual(others, [])
  t.like(made, {
    email: 'li.hua@example.com',
    username: 'lihua',
    nickname: '李华',
    locale: 'zh-CN',
    roles: [],
  })
  t.regex(made!.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/)
  t.true(await verify((await users.findPasswordHash(made!.id))!, good.password))
})

test('an empty username or nickname counts as none', async (t) => {
  const { register, everyone } = await begin(t)
  await register({ ...good, username: ' ', nickname: '' })
  t.like((await everyone())[0], { username: undefined, nickname: undefined })
})

test('a password is neither trimmed nor limited to some characters', async (t) => {
  const { register, everyone, users } = await begin(t)
  await register({ ...good, password: '  пароль 密码 🔑  ' })
  const [made] = await everyone()
  t.true(await verify((await users.findPasswordHash(made!.id))!, '  пароль 密码 🔑  '))
})

test('an address that is none is refused', async (t) => {
  const server = await begin(t)
  for (const email of ['', 'x', 'x@', '@x.example', 'a b@example.com', `${'a'.repeat(250)}@x.cn`])
    t.deepEqual(await problemsOf(server, { email }), { email: 'email_invalid' }, email)
})

test('a username is 3 to 32 letters, digits, dots, dashes or underscores, and no address', async (t) => {
  const server = await begin(t)
  for (const username of [
    'ab',
    'a'.repeat(33),
    '.abc',
    'a b c',
    'a@b.cn',
    'аdmin',
    'x\0y',
    '李华华',
  ])
    t.deepEqual(await problemsOf(server, { username }), { username: 'username_invalid' }, username)
  for (const [n, username] of ['abc', 'a'.repeat(32), 'a.b-c_d', '123'].entries())
    t.true(
      'user' in (await server.register({ ...good, email: `${n}@example.com`, username })),
      username,
    )
})

test('a length is counted in characters as people see them', async (t) => {
  const server = await begin(t)
  t.deepEqual(await problemsOf(server, { password: '🔑'.repeat(7) }), {
    password: 'password_too_short',
  })
  t.deepEqual(await problemsOf(server, { password: '🔑'.repeat(129) }), {
    password: 'password_too_long',
  })
  t.deepEqual(await problemsOf(server, { nickname: '李'.repeat(65) }), {
    nickname: 'nickname_invalid',
  })
  t.true('user' in (await server.register({ ...good, password: '🔑'.repeat(8) })))
  t.true('user' in (await server.register({ email: 'b@example.com', password: '🔑'.repeat(128) })))
})

test('every problem is told at once', async (t) => {
  const given = { email: 'x', username: 'a b', nickname: 'x'.repeat(65), password: 'short' }
  t.deepEqual(await problemsOf(await begin(t), given), {
    email: 'email_invalid',
    username: 'username_invalid',
    nickname: 'nickname_invalid',
    password: 'password_too_short',
  })
})

test('a taken e-mail or username is a problem of its field; another failure goes on', async (t) => {
  const { register, storage } = await begin(t)
  await register({ ...good, username: 'lihua' })
  t.deepEqual(await register(good), { problems: { email: 'email_taken' } })
  const other = { ...good, email: 'b@example.com', username: 'LiHua' }
  t.deepEqual(await register(other), { problems: { username: 'username_taken' } })
  await storage.close()
  await t.throwsAsync(register({ ...good, email: 'c@example.com' }), {
    instanceOf: StorageUnavailable,
  })
})

test('both are told when the e-mail and the username are taken', async (t) => {
  const { register } = await begin(t)
  await register({ ...good, username: 'lihua' })
  t.deepEqual(await register({ ...good, username: 'LiHua' }), {
    problems: { email: 'email_taken', username: 'username_taken' },
  })
})
