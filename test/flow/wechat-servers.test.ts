import test, { type ExecutionContext } from 'ava'
import { apiOf } from '../support/api.ts'
import { start, type Fixture, type StartOptions } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { openWechat, openidOf } from '../support/wechat.ts'
import { post } from '../security/journey.ts'

/** A server of the operator's: a client with a token of its own for `wechat:server`. */
async function serverOf(fixture: Fixture) {
  const client = await fixture.addClient({
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    scope: 'wechat:server',
  })
  const { json } = await post(`${fixture.issuer}/oauth/token`, client, {
    grant_type: 'client_credentials',
    scope: 'wechat:server',
    resource: fixture.config.API_RESOURCE,
  })
  const token = String(json['access_token'])
  const api = apiOf(fixture)
  return { token, call: (path: string, body: object) => api.call('POST', path, { token, body }) }
}

async function open(t: ExecutionContext, begin: (options?: StartOptions) => Promise<Fixture>) {
  const { wechat, second, env } = await openWechat(t)
  const fixture = await begin({ env })
  return { wechat, second, env, fixture, ...(await serverOf(fixture)) }
}

const stableToken = '/cgi-bin/stable_token'

onStorages(
  'all processes share one access token, fetched once, and again when it was refused',
  async (t, begin) => {
    const { wechat, second, fixture, call } = await open(t, begin)
    const beside = await start(t, { beside: fixture, env: wechat.env })
    const there = `http://localhost:${beside.server.port}`
    const { call: callThere } = await serverOf({ ...beside, issuer: there })
    const phone = (of = call) => of('/wechat/phone', { code: wechat.phoneCode('13800000000') })
    const fetched = () => wechat.calls.filter((path) => path === stableToken).length

    const all = await Promise.all(
      [call, callThere].flatMap((of) => Array.from({ length: 10 }, () => phone(of))),
    )
    t.deepEqual([...new Set(all.map(({ status }) => status))], [200], JSON.stringify(all[0]?.body))
    t.deepEqual(all[0]?.body, {
      phone: '+8613800000000',
      country_code: '86',
      national_number: '13800000000',
    })
    t.is(fetched(), 1)

    wechat.endTokens()
    t.is((await phone()).status, 200)
    t.is(fetched(), 2)
    t.is((await phone(callThere)).status, 200)
    t.is(fetched(), 2)

    const code = wechat.phoneCode('13900000000', second)
    const body = { code, app_id: second.id }
    t.is((await call('/wechat/phone', body)).body.phone, '+8613900000000')
    t.is(fetched(), 3)
    t.is((await call('/wechat/phone', body)).body.code, 'wechat_code_invalid')
  },
)

test.serial('a token is renewed four minutes before its end', async (t) => {
  let ahead = 0
  const now = () => Date.now() + ahead
  const { wechat, call } = await open(t, (options) => start(t, { ...options, now }))
  const fetched = () => wechat.calls.filter((path) => path === stableToken).length
  const ask = () => call('/wechat/phone', { code: wechat.phoneCode('13800000000') })
  wechat.mood.tokenMs = 10 * 60_000
  await ask()
  await ask()
  t.is(fetched(), 1)
  const pass = (minutes: number): void => {
    ahead += minutes * 60_000
    wechat.pass(minutes * 60_000)
  }
  pass(5)
  await ask()
  t.is(fetched(), 1)
  pass(1)
  await ask()
  t.is(fetched(), 2)
  t.is(wechat.calls.filter((path) => path !== stableToken).length, 4, 'no call was refused')
})

test.serial(
  'a token that is refused also when it is new is our problem, and is fetched once',
  async (t) => {
    const { wechat, call } = await open(t, (options) => start(t, options))
    const body = { code: wechat.phoneCode('13800000000') }
    t.is((await call('/wechat/phone', body)).status, 200)
    const before = wechat.calls.length
    wechat.mood.errcode = 40001
    const answer = await call('/wechat/phone', body)
    t.deepEqual([answer.status, answer.body.code], [502, 'wechat_refused'])
    t.is(wechat.calls.length - before, 2)
  },
)

test.serial('a picture of a code comes as WeChat made it', async (t) => {
  const { wechat, fixture, token, call } = await open(t, (options) => start(t, options))
  const picture = (is_hyaline: boolean) =>
    fetch(`${fixture.issuer}/wechat/qrcode`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ scene: 'a=1', page: 'pages/index', is_hyaline }),
    })
  const jpeg = await picture(false)
  t.is(jpeg.status, 200)
  t.is(jpeg.headers.get('content-type'), 'image/jpeg')
  t.is(
    Buffer.from(await jpeg.arrayBuffer())
      .subarray(0, 2)
      .toString('hex'),
    'ffd8',
  )
  const png = await picture(true)
  t.is(png.headers.get('content-type'), 'image/png')
  t.is(
    Buffer.from(await png.arrayBuffer())
      .subarray(1, 4)
      .toString(),
    'PNG',
  )

  for (const scene of ['', 'a'.repeat(33), '你好', 'a b'])
    t.is((await call('/wechat/qrcode', { scene })).status, 422, scene)
  const before = wechat.calls.length
  const unknown = await call('/wechat/qrcode', { scene: 'a', page: 'pages/none' })
  t.is(unknown.status, 422)
  t.is(unknown.body.errors[0].path, 'body.page')
  t.is(wechat.calls.length, before + 1)
})

test.serial('a phone code of another person or app, or an old watermark, is refused', async (t) => {
  const { wechat, second, call } = await open(t, (options) => start(t, options))
  const refused = async (body: object) => (await call('/wechat/phone', body)).body.code as unknown
  t.is(await refused({ code: wechat.phoneCode('13800000000', second) }), 'wechat_code_invalid')
  const ofLi = wechat.phoneCode('13800000000', wechat.app, { name: 'Li' })
  const openid = openidOf({ name: 'Wu' }, wechat.app.id)
  t.is(await refused({ code: ofLi, openid }), 'wechat_code_invalid')
  wechat.pass(-10 * 60_000)
  t.is(await refused({ code: wechat.phoneCode('13800000000') }), 'wechat_data_invalid')
})

test.serial(
  'nobody else may ask: no token, a person’s, or a client’s without the scope',
  async (t) => {
    const { wechat, fixture } = await open(t, (options) => start(t, options))
    const api = apiOf(fixture)
    const { access_token: person } = await api.login(await fixture.addUser())
    const body = { code: wechat.phoneCode('13800000000') }
    t.is((await api.call('POST', '/wechat/phone', { body })).status, 401)
    const answer = await api.call('POST', '/wechat/phone', { body, token: person })
    t.deepEqual([answer.status, answer.body.code], [403, 'insufficient_scope'])
    const stranger = await fixture.addClient({
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    })
    const { json } = await post(`${fixture.issuer}/oauth/token`, stranger, {
      grant_type: 'client_credentials',
      scope: 'wechat:server',
      resource: fixture.config.API_RESOURCE,
    })
    const token = String(json['access_token'])
    t.is((await api.call('POST', '/wechat/phone', { body, token })).status, 403)
    t.deepEqual(wechat.calls, [])
  },
)

test.serial('an API key may ask when a role of its owner permits it', async (t) => {
  const { wechat, fixture } = await open(t, (options) => start(t, options))
  const api = apiOf(fixture)
  const person = await fixture.addUser()
  const permissions = { [fixture.config.API_RESOURCE]: ['wechat:server'] }
  await fixture.storage.roles.put({ name: 'mini', description: '', permissions })
  await fixture.storage.users.update(person.id, { roles: ['mini'] })
  const { access_token: token } = await api.login(person)
  const made = await api.call('POST', '/users/api-keys', {
    token,
    body: { name: 'server', scopes: ['wechat:server'] },
  })
  t.is(made.status, 201, JSON.stringify(made.body))
  const answer = await api.call('POST', '/wechat/phone', {
    headers: { 'x-api-key': made.body.key },
    body: { code: wechat.phoneCode('13800000000') },
  })
  t.is(answer.status, 200)
  await fixture.server.services.telemetry.audit.flush()
  const { events } = await fixture.storage.audit.list({ type: 'wechat.phone_read', limit: 10 })
  t.is(events.length, 1)
  t.like(events[0], { actor: person.id, target: 'wechat:default', address: '127.0.0.1' })
})
