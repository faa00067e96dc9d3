import test from 'ava'
import { dayOf } from '#audit/daily.ts'
import { onStorages } from '../support/storages.ts'
import { authorize, createBrowser, relyingParty } from '../support/relying-party.ts'
import { administrator } from './administrator.ts'

onStorages('GET /admin/stats counts what there is and what happened today', async (t, begin) => {
  const fixture = await administrator(t, {}, begin)
  const { admin, issuer, server } = fixture
  const before = (await admin('GET', '/admin/stats')).body
  const person = await fixture.someoneWith([])
  const banned = await fixture.someoneWith([])
  await admin('POST', `/admin/users/${banned.id}/ban`)
  const form = { identifier: person.email, password: 'wrong' }
  for (let n = 0; n < 2; n++)
    await fetch(`${issuer}/auth/login`, { method: 'POST', body: new URLSearchParams(form) })
  const party = await relyingParty(fixture, await fixture.addClient())
  const pending = await party.begin()
  const left = await authorize(createBrowser(issuer), pending.url, person)
  await pending.redeem(left)
  await admin('POST', '/auth/register', { email: 'new@example.com', password: 'Qz7!pL2#vT' })

  await server.services.telemetry.audit.flush()
  const { status, body } = await admin('GET', '/admin/stats?days=7')
  t.is(status, 200)
  t.like(body.totals, {
    users: before.totals.users + 3,
    active_users: before.totals.users + 2,
    banned_users: 1,
    new_users: { last_24_hours: 4, last_7_days: 4, last_30_days: 4 },
    clients: before.totals.clients + 1,
    sessions: 1,
    // The administrator's and the person's: those of the banned one are gone.
    refresh_tokens: before.totals.refresh_tokens + 1,
    api_keys: 0,
  })
  t.is(body.days.length, 7)
  t.deepEqual(body.days.at(-1), {
    day: dayOf(Date.now()),
    // The administrator, both people, and the one of them in the browser.
    sign_ins: 4,
    failed_sign_ins: 2,
    // The administrator of the first start, both people, and the one who registers.
    registrations: 4,
    active_users: 3,
    tokens: { authorization_code: 1, first_party: 3 },
  })
  t.like(body.days[0], { sign_ins: 0, active_users: 0, tokens: {} })
  const login = body.operations.find(({ route }: { route: string }) => route === '/auth/login')
  t.like(login, { method: 'POST', count: 5 })
  t.true(login.p50_ms > 0 && login.p50_ms <= login.p95_ms && login.p95_ms <= login.p99_ms)
})

test('GET /admin/stats takes 1 to 90 days and wants its scope', async (t) => {
  const { admin, someoneWith } = await administrator(t)
  t.is((await admin('GET', '/admin/stats')).body.days.length, 30)
  t.is((await admin('GET', '/admin/stats?days=90')).body.days.length, 90)
  for (const days of ['0', '91', '1.5', 'x', '-1'])
    t.is((await admin('GET', `/admin/stats?days=${days}`)).status, 422, days)
  const { call } = await someoneWith([])
  t.is((await call('GET', '/admin/stats')).status, 403)
})
