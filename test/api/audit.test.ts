import test from 'ava'
import { apiOf } from '../support/api.ts'
import { authorize, createBrowser, relyingParty } from '../support/relying-party.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'

onStorages(
  'what happens is in the audit log, with who, from where and the trace',
  async (t, begin) => {
    const fixture = await begin()
    const person = await fixture.addUser()
    const api = apiOf(fixture)
    await api.call('POST', '/auth/login', { body: { email: person.email, password: 'wrong' } })
    const trace = 'a'.repeat(32)
    const signedIn = await api.call('POST', '/auth/login', {
      body: person,
      headers: { 'x-trace-id': trace },
    })
    const token = signedIn.body.access_token
    await api.call('PATCH', '/users/me', { token, body: { nickname: 'x' } })
    const party = await relyingParty(fixture, await fixture.addClient())
    const pending = await party.begin()
    await pending.redeem(await authorize(createBrowser(fixture.issuer), pending.url, person))
    await api.call('POST', '/auth/logout', { token })

    await fixture.server.services.telemetry.audit.flush()
    const { events } = await fixture.storage.audit.list({ limit: 100 })
    const types = events.map(({ type }) => type)
    for (const type of [
      'login.failed',
      'login.succeeded',
      'user.updated',
      'consent.granted',
      'token.issued',
      'logout',
    ]) {
      t.true(types.includes(type), type)
    }
    const traced = events.find((event) => event.traceId === trace)
    t.like(traced, { type: 'login.succeeded', actor: person.id, address: '127.0.0.1' })
    const kept = JSON.stringify(events)
    for (const secret of [person.password, token, signedIn.body.refresh_token])
      t.false(kept.includes(secret))
  },
)

test('a clean stop loses no event', async (t) => {
  const fixture = await start(t)
  const beside = await start(t, { beside: fixture })
  for (let n = 0; n < 20; n++)
    beside.server.services.telemetry.audit.record({ type: 'user.updated', details: { n } })
  await beside.server.stop()
  const { events } = await fixture.storage.audit.list({ type: 'user.updated', limit: 100 })
  t.is(events.length, 20)
})
