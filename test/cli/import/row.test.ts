import test from 'ava'
import { userOf } from '../../../src/cli/import/row.ts'

const context = { roles: new Set(['admin']), now: Date.UTC(2026, 0, 1) }

test('userOf() reads times as systems write them', (t) => {
  const at = Date.UTC(2020, 0, 2, 3, 4, 5)
  const spellings = [
    '2020-01-02T03:04:05Z',
    '2020-01-02T03:04:05.000+00:00',
    '2020-01-02 03:04:05',
    '2020-01-02 03:04:05+00',
    '2020-01-02 04:04:05+0100',
    '2020-01-02 03:04:05 UTC',
    String(at),
    String(at / 1000),
    at,
    at / 1000,
  ]
  for (const created_at of spellings)
    t.like(userOf({ username: 'ann', created_at }, context), { createdAt: at }, String(created_at))
  const day = userOf({ username: 'ann', created_at: '2020-01-02' }, context)
  t.like(day, { createdAt: Date.UTC(2020, 0, 2) })
  for (const created_at of ['yesterday', '2020-13-01', '01/02/2020', -1, Number.NaN, '2030-01-01'])
    t.deepEqual(
      userOf({ username: 'ann', created_at }, context),
      { reasons: ['created_at_invalid'] },
      String(created_at),
    )
})

test('userOf() reads flags, lists and JSON as CSV writes them', (t) => {
  for (const flag of ['true', 'T', 'yes', '1', 1, true])
    t.like(userOf({ email: 'a@b.example', email_verified: flag }, context), { emailVerified: true })
  for (const flag of ['false', 'f', 'NO', '0', 0, false])
    t.is(
      typeof (userOf({ username: 'ann', is_active: flag }, context) as { bannedAt?: number })
        .bannedAt,
      'number',
    )
  t.deepEqual(userOf({ username: 'ann', banned: 'maybe' }, context), {
    reasons: ['banned_invalid'],
  })
  t.like(userOf({ username: 'ann', roles: ' admin ; ' }, context), { bannedAt: undefined })
  const user = userOf({ username: 'ann', roles: 'admin', metadata: '{"plan":"gold"}' }, context)
  t.deepEqual((user as { roles: string[] }).roles, ['admin'])
  t.deepEqual((user as { metadata: object }).metadata, { public: {}, private: { plan: 'gold' } })
})

test('userOf() knows the hashes of Django that have a form of their own behind a name', (t) => {
  const argon2 = '$argon2id$v=19$m=102400,t=2,p=8$c29tZXNhbHRzYWx0$RdescudvJCsgt3ub+b+dWRWJTmaaJObG'
  const bcrypt = `$2b$12$${'a'.repeat(53)}`
  const hashOf = (password_hash: string) => userOf({ username: 'ann', password_hash }, context)
  t.like(hashOf(`argon2${argon2}`), { passwordHash: argon2 })
  t.like(hashOf(`bcrypt$${bcrypt}`), { passwordHash: bcrypt })
  t.deepEqual(hashOf(`bcrypt_sha256$${bcrypt}`), { reasons: ['password_hash_invalid'] })
})

test('userOf() refuses what no account may have', (t) => {
  const wrong = {
    email: ['nobody', 'a@b', 5],
    username: ['ab', 'a@b.example', 'x'.repeat(33)],
    nickname: ['x'.repeat(65), 'a\0b', '\uD800'],
    phone: ['110', 'call me'],
    avatar_url: ['http://img.example/a.png', 'javascript:alert(1)'],
    locale: ['english please'],
    roles: [{ admin: true }, [5]],
    metadata: ['{', [1], 'null'],
    id: [{}, 'x'.repeat(256), 'a\0'],
  }
  for (const [field, values] of Object.entries(wrong))
    for (const value of values)
      t.deepEqual(
        userOf({ email: 'ann@example.com', username: 'ann', [field]: value }, context),
        { reasons: [`${field}_invalid`] },
        `${field} ${JSON.stringify(value)}`,
      )
})
