import test from 'ava'
import { expectProof } from '#account/proof.ts'
import type { Caller } from '#http/api.ts'
import { AppError } from '#lib/app-error.ts'
import type { User } from '#storage/users.ts'

const user = { id: 'u' } as User
const now = Date.parse('2026-11-20T05:00:00Z')
const minutes = (count: number): number => now - count * 60_000

const parts = {
  now: () => now,
  checkPassword: async (_user: User, password: string) => password === 'right',
  isFirstParty: async (clientId: string | undefined) => clientId === 'ours',
}

const prove = (caller: Pick<Caller, 'via' | 'clientId' | 'signedInAt'>) =>
  expectProof(parts, user, { caller: { scopes: new Set(), ...caller }, address: '::1' })

test('a sign-in of the last ten minutes is proof, in the browser and to the operator’s own applications', async (t) => {
  await t.notThrowsAsync(prove({ via: 'session', signedInAt: minutes(9) }))
  await t.notThrowsAsync(prove({ via: 'token', clientId: 'ours', signedInAt: minutes(9) }))
})

test('an older one, one to another’s application, or none that is known, is not: RFC 9470 says how old it may be', async (t) => {
  const callers = [
    { via: 'session', signedInAt: minutes(10) },
    { via: 'token', clientId: 'ours', signedInAt: minutes(11) },
    { via: 'token', clientId: 'theirs', signedInAt: now },
    { via: 'token', clientId: 'ours' },
    { via: 'api_key', signedInAt: now },
  ] as const
  for (const caller of callers) {
    const error = await t.throwsAsync(prove(caller), {
      instanceOf: AppError,
      code: 'insufficient_user_authentication',
    })
    t.is(error.status, 401)
    t.regex(error.headers['WWW-Authenticate'] ?? '', /max_age="600"/)
  }
})

test('a wrong password is no proof, however fresh the sign-in', async (t) => {
  const caller = { scopes: new Set<string>(), via: 'token', signedInAt: now } as const
  const proof = expectProof(parts, user, { password: 'x', caller, address: '::1' })
  const error = await t.throwsAsync(proof, { instanceOf: AppError, code: 'invalid_credentials' })
  t.is(error.status, 401)
})
