import test from 'ava'
import { expectProof } from '#account/proof.ts'
import type { User } from '#storage/users.ts'

const user = { id: 'u' } as User
const now = Date.parse('2026-11-20T05:00:00Z')
const minutes = (count: number): number => now - count * 60_000

const prove = (signedInAt: number | undefined, byGrant?: number) =>
  expectProof(
    {
      now: () => now,
      checkPassword: async (_user, password) => password === 'right',
      sessions: { signedInAt: async () => byGrant },
    },
    user,
    { caller: { scopes: new Set(), via: 'session', signedInAt }, address: '::1' },
  )

test('a sign-in of the last ten minutes is proof, of a browser and of an application', async (t) => {
  await t.notThrowsAsync(prove(minutes(9)))
  await t.notThrowsAsync(prove(undefined, minutes(9)))
})

test('an older one, or none that is known, is not: RFC 9470 says how old it may be', async (t) => {
  for (const [browser, application] of [[minutes(10)], [undefined, minutes(11)], []] as const) {
    const error = await t.throwsAsync(prove(browser, application))
    t.like(error, { code: 'insufficient_user_authentication', status: 401 })
    const { headers } = error as unknown as { headers: Record<string, string> }
    t.regex(headers['WWW-Authenticate'] ?? '', /max_age="600"/)
  }
})

test('a wrong password is no proof, however fresh the sign-in', async (t) => {
  const parts = {
    now: () => now,
    checkPassword: async () => false,
    sessions: { signedInAt: async () => now },
  }
  const caller = { scopes: new Set<string>(), via: 'token', signedInAt: now } as const
  const error = await t.throwsAsync(
    expectProof(parts, user, { password: 'x', caller, address: '::1' }),
  )
  t.like(error, { code: 'invalid_credentials', status: 401 })
})
