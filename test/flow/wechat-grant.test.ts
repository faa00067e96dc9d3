import test from 'ava'
import { decodeJwt } from 'jose'
import { apiOf } from '../support/api.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { openWechat } from '../support/wechat.ts'
import { post } from '../security/journey.ts'
import { introspect } from './journeys.ts'

const grant_type = 'urn:yumen:params:oauth:grant-type:wechat-mini-program'
const metadata = {
  first_party: true,
  grant_types: [grant_type, 'refresh_token'],
  redirect_uris: [],
  response_types: [],
}

onStorages(
  'a mini program signs its user in at the token endpoint, and the tokens are the engine’s',
  async (t, begin) => {
    const { wechat, second, env } = await openWechat(t)
    const fixture = await begin({ env })
    const at = `${fixture.issuer}/oauth/token`
    const client = await fixture.addClient(metadata)
    const code = wechat.login({ name: 'Li' }, second)
    const answer = await post(at, client, { grant_type, code, app_id: second.id })
    t.is(answer.status, 200, answer.text)
    t.like(answer.json, { token_type: 'Bearer' })
    const token = String(answer.json['access_token'])
    t.like(decodeJwt(token), { aud: fixture.config.API_RESOURCE, client_id: client.id })
    const me = await apiOf(fixture).call('GET', '/users/me', { token })
    t.is(me.body.id, decodeJwt(token).sub)
    t.like(await introspect(fixture, client, token), { active: true, sub: me.body.id })

    const refresh_token = String(answer.json['refresh_token'])
    const next = await post(at, client, { grant_type: 'refresh_token', refresh_token })
    t.is(next.status, 200, next.text)
    const spent = await post(at, client, { grant_type, code, app_id: second.id })
    t.is(spent.status, 400)
    t.like(spent.json, { error: 'invalid_grant', error_description: 'wechat_code_invalid' })
  },
)

test.serial(
  'the built-in client may use the grant; a stranger, or one that is not registered for it, may not',
  async (t) => {
    const { wechat, env } = await openWechat(t)
    const fixture = await start(t, { env })
    const at = `${fixture.issuer}/oauth/token`
    const tryWith = async (client: { id: string; secret: string | undefined }) => {
      const answer = await post(at, client, { grant_type, code: wechat.login({ name: 'Li' }) })
      return answer.json['error'] ?? answer.status
    }
    t.is(await tryWith({ id: 'first-party', secret: undefined }), 200)
    const calls = wechat.calls.length
    const stranger = await fixture.addClient({ ...metadata, first_party: false })
    t.is(await tryWith(stranger), 'unauthorized_client')
    const other = await fixture.addClient({ first_party: true })
    t.is(await tryWith(other), 'invalid_request')
    const forged = { ...(await fixture.addClient(metadata)), secret: 'wrong' }
    t.is(await tryWith(forged), 'invalid_client')
    t.is(wechat.calls.length, calls, 'the code was not spent for them')
  },
)

test.serial(
  'the grant says what is wrong as the token endpoint does, and an outage as everywhere',
  async (t) => {
    const { wechat, env } = await openWechat(t)
    const fixture = await start(t, { env: { ...env, REQUESTS_PER_MINUTE: '5' } })
    const client = await fixture.addClient(metadata)
    const send = (fields: Record<string, string>) =>
      post(`${fixture.issuer}/oauth/token`, client, { grant_type, ...fields })
    const code = () => wechat.login({ name: 'Li' })
    t.like(await send({}), { status: 400, json: { error: 'invalid_request' } })
    const half = await send({ code: code(), iv: 'x' })
    t.like(half, { status: 400 })
    t.deepEqual(half.json, {
      error: 'invalid_request',
      error_description: 'iv: encrypted_data and iv go together',
    })
    const target = await send({ code: code(), resource: 'https://nobody.example' })
    t.is(target.json['error'], 'invalid_target')
    wechat.mood.away = 'cut'
    const away = await send({ code: code() })
    t.is(away.status, 503)
    t.like(away.json, { code: 'wechat_unavailable' })
    t.is(away.headers.get('retry-after'), '5')
    wechat.mood.away = undefined
    t.is((await send({ code: code() })).status, 200)
    const many = await send({ code: code() })
    t.is(many.status, 429)
    t.is(many.json['error_description'], 'too_many_requests')
    t.true(Number(many.headers.get('retry-after')) > 0)
  },
)

test.serial('discovery names the grant', async (t) => {
  const fixture = await start(t)
  const { body } = await apiOf(fixture).call('GET', '/.well-known/openid-configuration')
  t.true(body.grant_types_supported.includes(grant_type))
})
