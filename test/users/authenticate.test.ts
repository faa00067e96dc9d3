import test from 'ava'
import type { User, UserStore } from '#storage/users.ts'
import { createAuthenticate } from '#users/authenticate.ts'
import type { Passwords } from '#users/passwords.ts'

const user = { id: 'u1', email: 'li.hua@example.com' } as User

/** A store with one user, hashing in the clear, and a record of what was asked. */
function begin(stored: string | undefined, { outdated = false } = {}) {
  const asked: string[] = []
  const users = {
    findByIdentifier: (identifier: string) =>
      Promise.resolve(identifier === user.email ? user : undefined),
    findPasswordHash: () => Promise.resolve(stored),
    replacePasswordHash: (id: string, expected: string, replacement: string) => {
      asked.push(`replace ${id} ${expected} ${replacement}`)
      return Promise.resolve(true)
    },
    recordLogin: (id: string) => {
      asked.push(`login ${id}`)
      return Promise.resolve()
    },
  } as unknown as UserStore
  const passwords: Passwords = {
    hash: (password) => Promise.resolve(`new:${password}`),
    verify: (hash, password) => {
      asked.push(`verify ${hash}`)
      return Promise.resolve(hash === `old:${password}`)
    },
    isOutdated: () => outdated,
  }
  return { authenticate: createAuthenticate(users, passwords), asked }
}

test('the right password is the user, and the sign-in is counted', async (t) => {
  const { authenticate, asked } = begin('old:secret')
  t.is(await authenticate({ identifier: ' li.hua@example.com ', password: 'secret' }), user)
  t.deepEqual(asked, ['verify old:secret', 'login u1'])
})

test('a wrong password is nobody, and nothing is counted', async (t) => {
  const { authenticate, asked } = begin('old:secret')
  t.is(await authenticate({ identifier: user.email!, password: 'wrong' }), undefined)
  t.deepEqual(asked, ['verify old:secret'])
})

test('an unknown person and one without a password cost a verification too', async (t) => {
  const unknown = begin('old:secret')
  t.is(await unknown.authenticate({ identifier: 'nobody', password: 'secret' }), undefined)
  t.deepEqual(unknown.asked, ['verify undefined'])
  const without = begin(undefined)
  t.is(await without.authenticate({ identifier: user.email!, password: '' }), undefined)
  t.deepEqual(without.asked, ['verify undefined'])
})

test('a hash with other costs is renewed at the next sign-in, provided that it is still the same', async (t) => {
  const { authenticate, asked } = begin('old:secret', { outdated: true })
  t.is(await authenticate({ identifier: user.email!, password: 'secret' }), user)
  t.deepEqual(asked, ['verify old:secret', 'replace u1 old:secret new:secret', 'login u1'])
})
