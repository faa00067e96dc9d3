import test, { type ExecutionContext } from 'ava'
import { AlreadyExists } from '#storage/errors.ts'
import type { NewUser, User, UserStore } from '#storage/users.ts'
import type { Passwords } from '#users/passwords.ts'
import { createRegister, type RegistrationProblems } from '#users/register.ts'

/** What the register function needs of the store and of the hashing, and what it was asked. */
function begin(create?: (user: NewUser) => Promise<User>) {
  const created: NewUser[] = []
  const hashed: string[] = []
  const users = {
    create: (user: NewUser) => {
      created.push(user)
      return create ? create(user) : Promise.resolve(user as unknown as User)
    },
  } as UserStore
  const passwords = {
    hash: (password: string) => {
      hashed.push(password)
      return Promise.resolve('$argon2id$')
    },
  } as Passwords
  const register = createRegister({ users, passwords, passwordMinLength: 8 })
  return { register, created, hashed }
}

const good = { email: 'li.hua@example.com', password: 'a long pass phrase' }

async function problemsOf(
  t: ExecutionContext,
  overrides: Record<string, string>,
): Promise<RegistrationProblems> {
  const { register, created, hashed } = begin()
  const result = await register({ ...good, ...overrides })
  t.true('problems' in result, JSON.stringify(overrides))
  t.deepEqual([created, hashed], [[], []], 'nothing is hashed or written')
  return 'problems' in result ? result.problems : {}
}

test('a good registration is written once, trimmed, with a hash and without roles', async (t) => {
  const { register, created, hashed } = begin()
  const result = await register({
    ...good,
    email: '  li.hua@example.com ',
    username: ' lihua ',
    nickname: ' 李华 ',
    locale: 'zh-CN',
  })
  t.true('user' in result)
  t.is(created.length, 1)
  t.like(created[0], {
    email: 'li.hua@example.com',
    username: 'lihua',
    nickname: '李华',
    locale: 'zh-CN',
    roles: [],
    passwordHash: '$argon2id$',
  })
  t.regex(created[0]!.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/)
  t.deepEqual(hashed, [good.password])
})

test('an empty username or nickname counts as none', async (t) => {
  const { register, created } = begin()
  await register({ ...good, username: ' ', nickname: '' })
  t.is(created[0]!.username, undefined)
  t.is(created[0]!.nickname, undefined)
})

test('a password is neither trimmed nor limited to some characters', async (t) => {
  const { register, hashed } = begin()
  await register({ ...good, password: '  пароль 密码 🔑  ' })
  t.deepEqual(hashed, ['  пароль 密码 🔑  '])
})

test('an address that is none is refused', async (t) => {
  for (const email of ['', 'x', 'x@', '@x.example', 'a b@example.com', `${'a'.repeat(250)}@x.cn`])
    t.deepEqual(await problemsOf(t, { email }), { email: 'email_invalid' }, email)
})

test('a username is 3 to 32 letters, digits, dots, dashes or underscores, and no address', async (t) => {
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
    t.deepEqual(await problemsOf(t, { username }), { username: 'username_invalid' }, username)
  for (const username of ['abc', 'a'.repeat(32), 'a.b-c_d', '123'])
    t.true('user' in (await begin().register({ ...good, username })), username)
})

test('a length is counted in characters as people see them', async (t) => {
  t.deepEqual(await problemsOf(t, { password: '🔑'.repeat(7) }), { password: 'password_too_short' })
  t.true('user' in (await begin().register({ ...good, password: '🔑'.repeat(8) })))
  t.true('user' in (await begin().register({ ...good, password: '🔑'.repeat(128) })))
  t.deepEqual(await problemsOf(t, { password: '🔑'.repeat(129) }), {
    password: 'password_too_long',
  })
  t.deepEqual(await problemsOf(t, { nickname: '李'.repeat(65) }), { nickname: 'nickname_invalid' })
})

test('every problem is told at once', async (t) => {
  const given = { email: 'x', username: 'a b', nickname: 'x'.repeat(65), password: 'short' }
  t.deepEqual(await problemsOf(t, given), {
    email: 'email_invalid',
    username: 'username_invalid',
    nickname: 'nickname_invalid',
    password: 'password_too_short',
  })
})

test('what the store says is taken is a problem of its field; another failure goes on', async (t) => {
  for (const field of ['email', 'username'] as const) {
    const { register } = begin(() => Promise.reject(new AlreadyExists(field)))
    t.deepEqual(await register(good), { problems: { [field]: `${field}_taken` } })
  }
  const { register } = begin(() => Promise.reject(new Error('away')))
  await t.throwsAsync(register(good), { message: 'away' })
})
