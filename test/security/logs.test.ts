import test from 'ava'
import { createBrowser } from '../support/browser.ts'
import { signIn } from '../support/relying-party.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { runStatements } from '../support/databases.ts'
import { sha256 } from '#lib/hashing.ts'
import { createProver } from './dpop.ts'
import {
  approveDevice,
  authorizeUrl,
  basic,
  deviceGrant,
  introspect,
  newCast,
  obtainCode,
  offline,
  pollDevice,
  post,
  redeem,
  refresh,
  send,
  startDevice,
  withoutRedirect,
} from './journey.ts'

/** Collects what must not be logged, under a name for the report. */
function collector() {
  const secrets = new Map<string, string>()
  const keep = (name: string, value: unknown): string => {
    if (typeof value !== 'string' || value.length < 6) throw new Error(`${name} is no secret`)
    secrets.set(name, value)
    return value
  }
  return { secrets, keep }
}

test('no log line of a whole journey, failures included, holds a secret', async (t) => {
  const fixture = await start(t, { env: { REFRESH_GRACE_SECONDS: '0' } })
  const { secrets, keep } = collector()
  const at = (path: string): string => fixture.issuer + path
  const browser = createBrowser(fixture.issuer)
  const cast = { ...(await newCast(fixture)), browser }
  const { client, person } = cast
  keep('password', person.password)
  keep('client secret', client.secret)
  keep('authorization header', basic(client)['authorization']?.split(' ')[1])
  keep('SECRET_KEY', fixture.config.SECRET_KEY)

  const login = await browser.open(
    authorizeUrl(fixture, client, { state: keep('state', 'a-state-of-this-test') }).href,
  )
  await login.submit('/login', {
    identifier: person.email,
    password: keep('wrong password', 'not the password'),
  })
  keep('csrf', login.root.querySelector('input[name=csrf]')?.getAttribute('value'))
  await signIn(login, person)

  const code = await obtainCode(cast, offline)
  keep('code', code.code)
  keep('verifier', code.verifier)
  const tokens = (await redeem(cast, code)).json
  for (const name of ['access_token', 'refresh_token', 'id_token']) keep(name, tokens[name])
  await send(at('/oauth/userinfo'), {
    headers: { authorization: `Bearer ${String(tokens['access_token'])}` },
  })
  const next = (await refresh(cast, String(tokens['refresh_token']))).json
  for (const name of ['access_token', 'refresh_token', 'id_token']) keep(`next ${name}`, next[name])
  await introspect(cast, String(next['access_token']))
  for (const { key, value } of await browser.jar.getCookies(at('/'))) keep(key, value)

  // Failures: a code twice, a spent refresh token, a wrong secret, tokens where none belongs.
  await redeem(cast, code)
  await refresh(cast, String(tokens['refresh_token']))
  const wrong = { ...client, secret: keep('wrong secret', 'a wrong client secret') }
  await post(at('/oauth/token'), wrong, {
    grant_type: 'refresh_token',
    refresh_token: secrets.get('refresh_token')!,
  })
  await post(at('/oauth/revoke'), client, { token: secrets.get('next access_token')! })
  await send(at(`/oauth/userinfo?access_token=${secrets.get('access_token')!}`))
  await send(at(`/nothing?code=${code.code}&token=${secrets.get('id_token')!}`))
  await send(at(`/oauth/logout?id_token_hint=${secrets.get('id_token')!}`))
  await post(at('/oauth/token'), client, {
    grant_type: 'password',
    username: person.email,
    password: person.password,
  })

  const device = await newCast(fixture, withoutRedirect(deviceGrant))
  const { device_code, user_code } = await startDevice(device)
  keep('device code', device_code)
  keep('user code', user_code)
  await send(at(`/device?user_code=${user_code}`))
  await approveDevice(device, user_code)
  keep('device password', device.person.password)
  await pollDevice(device, device_code)

  const pushed = await post(at('/oauth/par'), client, authorizeUrl(fixture, client).searchParams)
  keep('request_uri', pushed.json['request_uri'])
  const machine = await fixture.addClient(withoutRedirect('client_credentials'))
  const dpop = keep('DPoP proof', await (await createProver())(at('/oauth/token')))
  for (const _ of [1, 2])
    await post(at('/oauth/token'), machine, { grant_type: 'client_credentials' }, { dpop })

  const log = fixture.logLines.join('')
  t.true(secrets.size > 20)
  t.regex(log, /"path":"\/oauth\/token"/)
  t.regex(log, /token refused/)
  const found = [...secrets].filter(
    ([, secret]) => log.includes(secret) || log.includes(encodeURIComponent(secret)),
  )
  t.deepEqual(
    found.map(([name]) => name),
    [],
  )
  t.notRegex(log, /Bearer |Basic [A-Za-z0-9+/]{8}|"(cookie|authorization)"/i)
})

onStorages(
  'a statement that fails is logged with its stack and without its values',
  async (t, begin) => {
    const fixture = await begin()
    const cast = await newCast(fixture)
    const { code } = await obtainCode(cast, offline)
    const login = await createBrowser(fixture.issuer).open(authorizeUrl(fixture, cast.client).href)
    const hash = await fixture.storage.users.findPasswordHash(cast.person.id)
    const { DATABASE_URL: url } = fixture.config
    const kind = url.startsWith('sqlite')
      ? 'sqlite'
      : url.startsWith('mysql')
        ? 'mysql'
        : 'postgres'
    const drop = (...tables: string[]): Promise<void> =>
      runStatements(
        kind,
        url,
        tables.map((table) => `DROP TABLE ${table}`),
      )
    const made = { identifier: 'her-mail@example.com', password: 'a new password' }
    await drop('recovery_codes', 'factors', 'identity_unions', 'identities')
    await drop('api_keys', 'user_roles', 'passwords', 'users')
    t.is((await signIn(login, cast.person)).status, 500)
    t.is((await login.submit('/login', made)).status, 500)
    await drop('artifacts')
    const failed = [
      await redeem(cast, { code, verifier: 'a verifier that is a secret' }),
      await refresh(cast, 'a-refresh-token-that-is-a-secret'),
    ]
    for (const { status, text } of failed) {
      t.is(status, 500)
      t.notRegex(text, /artifacts|clients|table|\.ts/i)
    }
    const log = fixture.logLines.join('')
    t.regex(log, /"stack":/)
    const kept = [code, sha256(code), cast.client.secret!, cast.person.password, cast.person.email]
    for (const value of [
      ...kept,
      hash!,
      'a-refresh-token-that',
      'a verifier',
      ...Object.values(made),
    ])
      t.false(log.includes(value), value)
  },
)
