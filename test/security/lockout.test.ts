import test, { type ExecutionContext } from 'ava'
import { start, type Fixture } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { fifty } from './journey.ts'
import { sendRaw } from './raw.ts'

/** authentik CVE-2024-47070: a garbled X-Forwarded-For made the policy fail open. */

const login = async (
  { issuer }: Fixture,
  body: { identifier: string; password: string },
  forwardedFor: string[] = [],
): Promise<number> => {
  const { status } = await sendRaw(issuer, {
    method: 'POST',
    path: '/auth/login',
    headers: [
      ['content-type', 'application/json'],
      ...forwardedFor.map((value): [string, string] => ['x-forwarded-for', value]),
    ],
    body: JSON.stringify(body),
  })
  return status
}

/** What a sender may write into the header before the proxies add to it. */
const claims = [
  '6.6.6.6',
  '6.6.6.7',
  '::1',
  '2001:db8::6',
  '127.0.0.1',
  '10.0.0.1, 10.0.0.2, 10.0.0.3',
  '',
  ',,,',
  'evil',
  '6.6.6.6:80',
  '[::1]:80',
  '999.1.1.1',
  '0x7f.1',
  'unknown',
  'x'.repeat(4000),
]

/** What the proxies append, by TRUSTED_PROXIES. */
const proxies = { '0': '', '1': ', 9.9.9.9', '2': ', 9.9.9.9, 10.0.0.2' }

for (const [trusted, appended] of Object.entries(proxies)) {
  const title = `with TRUSTED_PROXIES=${trusted}`

  test(`${title} no header gives a sender more guesses at an account`, async (t) => {
    const fixture = await start(t, {
      env: { TRUSTED_PROXIES: trusted, LOGIN_MAX_FAILURES: '3' },
    })
    for (const chosen of [claims, claims.toReversed()]) {
      const { email: identifier, password } = await fixture.addUser()
      for (const claim of chosen.slice(0, 3))
        t.is(await login(fixture, { identifier, password: 'wrong' }, [claim + appended]), 401)
      for (const claim of chosen.slice(3))
        t.is(await login(fixture, { identifier, password }, [claim + appended]), 401, claim)
    }
  })

  test(`${title} no header gives a sender more requests`, async (t) => {
    const fixture = await start(t, {
      env: { TRUSTED_PROXIES: trusted, REQUESTS_PER_MINUTE: '3' },
    })
    const nobody = { identifier: 'nobody', password: 'wrong' }
    const statuses = []
    for (const claim of claims) statuses.push(await login(fixture, nobody, [claim + appended]))
    t.deepEqual(statuses, [401, 401, 401, ...claims.slice(3).map(() => 429)])
  })
}

test('the addresses of a /64, however they are written, share requests and guesses', async (t) => {
  const fixture = await start(t, {
    env: { TRUSTED_PROXIES: '1', LOGIN_MAX_FAILURES: '1', REQUESTS_PER_MINUTE: '6' },
  })
  const { email: identifier, password } = await fixture.addUser()
  const spellings = ['2001:db8::7', '2001:DB8:0:0:1::', '[2001:db8::2:0:1]:443', '2001:db8::%a']
  for (const [n, from] of spellings.entries())
    t.is(await login(fixture, { identifier: `person${n}`, password: 'wrong' }, [from]), 401)
  t.is(await login(fixture, { identifier, password }, ['2001:db8::8']), 401, 'locked')
  t.is(await login(fixture, { identifier, password }, ['2001:db8:0:1::8']), 200, 'a neighbour')
  t.is(await login(fixture, { identifier, password }, ['2001:db8::9']), 401)
  t.is(await login(fixture, { identifier, password }, ['2001:db8::a']), 429)
})

/** Counts how often a password is held against someone's own hash; the server knows nothing of it. */
function watch(t: ExecutionContext, { server: { services } }: Fixture): () => number {
  const { passwords } = services.accounts
  const { verify } = passwords
  let looked = 0
  passwords.verify = (stored, password) => {
    if (stored !== undefined) looked++
    return verify(stored, password)
  }
  t.teardown(() => (passwords.verify = verify))
  return () => looked
}

onStorages(
  '50 parallel good sign-ins all succeed, and of 50 bad ones at two processes no more than the limit are looked at',
  async (t, begin) => {
    const first = await begin()
    const second = await begin({ beside: first })
    const beside = { ...second, issuer: `http://localhost:${second.server.port}` }
    const { email: identifier, password } = await first.addUser()
    for (let tries = 0; tries < 4; tries++) await login(first, { identifier, password: 'wrong' })
    const tabs = await fifty(() => login(first, { identifier, password }))
    t.deepEqual(new Set(tabs), new Set([200]))

    const looked = [watch(t, first), watch(t, beside)]
    const statuses = await fifty((index) =>
      login(index % 2 ? first : beside, { identifier, password: `wrong ${index}` }),
    )
    t.deepEqual(new Set(statuses), new Set([401]))
    t.is(looked[0]!() + looked[1]!(), 5)
    t.is(await login(first, { identifier, password }), 401)
  },
)
