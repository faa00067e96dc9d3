import test from 'ava'
import { apiOf } from '../support/api.ts'
import { start, type Fixture } from '../support/start.ts'

const basic = ({ id, secret }: { id: string; secret: string | undefined }) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
})

async function begin(fixture: Fixture) {
  const api = apiOf(fixture)
  const person = await fixture.addUser()
  const { access_token: token } = await api.login(person)
  const server = await fixture.addClient({ introspection_resources: [fixture.config.API_RESOURCE] })
  const verify = (body: object, headers: Record<string, string> = basic(server)) =>
    api.call('POST', '/auth/verify', { body, headers })
  return { api, person, token, verify }
}

test('a resource server learns whose a token is and what it may do', async (t) => {
  const { person, token, verify } = await begin(await start(t))
  t.deepEqual((await verify({ token })).body, {
    valid: true,
    user_id: person.id,
    roles: [],
    scopes: ['account:read', 'account:write'],
    error: null,
  })
  t.is((await verify({ token, required_scope: 'account:read' })).body.valid, true)
  t.like((await verify({ token, required_scope: 'admin:users' })).body, {
    valid: false,
    error: 'insufficient_scope',
  })
  t.like((await verify({ token: `${token}x` })).body, { valid: false, error: 'invalid_token' })
})

test('an API key is told to anyone who serves our API, and dies with its owner’s ban', async (t) => {
  const fixture = await start(t)
  const { api, person, token, verify } = await begin(fixture)
  const { key } = (
    await api.call('POST', '/users/api-keys', {
      token,
      body: { name: 'x', scopes: ['account:read'] },
    })
  ).body
  t.like((await verify({ token: key })).body, {
    valid: true,
    user_id: person.id,
    scopes: ['account:read'],
  })
  await fixture.storage.users.update(person.id, { bannedAt: 1 })
  for (const one of [key, token]) t.is((await verify({ token: one })).body.valid, false)
})

test('a stranger learns nothing, and no one asks without a secret', async (t) => {
  const fixture = await start(t)
  const { token, verify } = await begin(fixture)
  const stranger = await fixture.addClient()
  t.like((await verify({ token }, basic(stranger))).body, { valid: false, user_id: null })
  t.is((await verify({ token }, {})).status, 401)
  t.is((await verify({ token }, basic({ id: stranger.id, secret: 'wrong' }))).status, 401)
  t.is((await verify({ token }, { authorization: `Bearer ${token}` })).status, 401)
})
