import { createHmac } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import {
  SignJWT,
  decodeJwt,
  decodeProtectedHeader,
  exportSPKI,
  generateKeyPair,
  importJWK,
  type CryptoKey,
  type JWTPayload,
} from 'jose'
import { tokenExchange } from '#oidc/token-exchange.ts'
import { createBrowser } from '../support/browser.ts'
import type { Fixture } from '../support/start.ts'
import {
  introspect,
  newCast,
  obtainCode,
  offline,
  post,
  redeem,
  send,
  type Cast,
} from './journey.ts'
import { sharedServer } from './shared-server.ts'
import { usesOf } from './token-uses.ts'

/** Supabase CVE-2026-31813, Casdoor CVE-2026-9094, CVE-2026-9097: a token of one kind or maker passed for another. */

interface Tokens {
  cast: Cast
  /** A JWT for the API. */
  jwt: string
  /** An opaque one for userinfo. */
  opaque: string
  idToken: string
}

let tokens: Tokens
const server = sharedServer({}, async (fixture) => {
  const resource = fixture.config.API_RESOURCE
  const browser = createBrowser(fixture.issuer)
  const scope = 'openid offline_access account:read admin:users'
  const cast = {
    ...(await newCast(fixture, {
      default_resource: resource,
      scope,
      grant_types: ['authorization_code', 'refresh_token', tokenExchange],
    })),
    browser,
  }
  await fixture.storage.users.update(cast.person.id, { roles: ['admin'] })
  const api = (await redeem(cast, await obtainCode(cast, { ...offline, scope }))).json
  const plain = { ...cast, client: await fixture.addClient() }
  const own = (await redeem(plain, await obtainCode(plain))).json
  tokens = {
    cast,
    jwt: String(api['access_token']),
    opaque: String(own['access_token']),
    idToken: String(api['id_token']),
  }
})

const userinfo = (token: string) =>
  send(`${server().issuer}/oauth/userinfo`, { headers: { authorization: `Bearer ${token}` } })

const uses = () => usesOf(tokens.cast)

async function isNotForOurApi(t: ExecutionContext, token: string, label: string): Promise<void> {
  for (const { status } of await uses().api(token)) t.is(status, 401, label)
}

/** Nowhere is it taken for anything. */
async function isWorthless(t: ExecutionContext, token: string, label: string): Promise<void> {
  await isNotForOurApi(t, token, label)
  t.like(await uses().verdict(token), { valid: false, user_id: null, scopes: [] }, label)
  for (const { status, json } of await uses().exchanges(token)) {
    t.is(status, 400, label)
    t.is(json['access_token'], undefined, label)
  }
  t.deepEqual(await introspect(tokens.cast, token), { active: false }, label)
  const answer = await userinfo(token)
  t.is(answer.status, 401, label)
  t.regex(answer.headers.get('www-authenticate') ?? '', /invalid_token/, label)
  t.is(answer.json['sub'], undefined)
}

/** The API's token, made again with another key, header or claims. */
const remade = (
  fixture: Fixture,
  { header = {}, claims = {} }: { header?: object; claims?: JWTPayload },
) => {
  const privateJwk = fixture.server.app.engine.keySet.privateJwks.find(
    ({ alg }) => alg === 'ES256',
  )!
  return async (key?: CryptoKey): Promise<string> =>
    new SignJWT({ ...decodeJwt(tokens.jwt), ...claims })
      .setProtectedHeader({
        ...decodeProtectedHeader(tokens.jwt),
        kid: privateJwk.kid!,
        ...header,
      } as never)
      .sign(key ?? (await importJWK(privateJwk, 'ES256')))
}

test('the tokens themselves are good, and so is one that we make again', async (t) => {
  for (const token of [tokens.jwt, await remade(server(), {})()]) {
    for (const { status } of await uses().api(token)) t.is(status, 200)
    t.is((await uses().verdict(token))['valid'], true)
  }
  t.is((await introspect(tokens.cast, tokens.jwt))['active'], true)
  t.is((await userinfo(tokens.opaque)).status, 200)
  t.is((await introspect(tokens.cast, await remade(server(), {})()))['active'], true)
})

const now = Math.floor(Date.now() / 1000)
const substitutes: Record<string, { header?: object; claims?: JWTPayload }> = {
  'another issuer': { claims: { iss: 'https://evil.example' } },
  'no issuer': { claims: { iss: undefined } as never },
  'another audience': { claims: { aud: 'https://other.example/api', client_id: 'somebody-else' } },
  'an end in the past': { claims: { exp: now - 1 } },
  'no end': { claims: { exp: undefined } as never },
  'a beginning in the future': { claims: { nbf: now + 600 } },
  'no id': { claims: { jti: undefined } as never },
  'another type': { header: { typ: 'JWT' } },
  'no type': { header: { typ: undefined } },
  'a grant that is gone': { claims: { grant_id: 'gone' } },
}

for (const [what, change] of Object.entries(substitutes)) {
  test(`a token that we signed with ${what} is worthless`, async (t) => {
    await isWorthless(t, await remade(server(), change)(), what)
  })
}

test('a token of a client that our API knows is refused there when it is for another audience', async (t) => {
  const resource = server().config.API_RESOURCE
  for (const aud of [
    'https://other.example/api',
    `${resource}/`,
    [],
    [resource, 'https://a.example'],
  ])
    await isNotForOurApi(t, await remade(server(), { claims: { aud } })(), String(aud))
})

test('a token for another API of this server is refused at ours', async (t) => {
  const identifier = 'https://other-api.example/'
  await server().storage.resources.put({ identifier, name: { en: 'Other' }, scopes: [] })
  await isNotForOurApi(t, await remade(server(), { claims: { aud: identifier } })(), identifier)
})

test('a token that is bound to a key is refused where the proof is not asked for', async (t) => {
  const cnf = { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' }
  await isNotForOurApi(t, await remade(server(), { claims: { cnf } })(), 'cnf')
})

test('a token of another key is worthless, also under the name of ours', async (t) => {
  const { privateKey } = await generateKeyPair('ES256')
  await isWorthless(t, await remade(server(), {})(privateKey), 'our kid')
  await isWorthless(
    t,
    await remade(server(), { header: { kid: 'unknown' } })(privateKey),
    'unknown kid',
  )
})

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

test('a token without a signature, or signed with what everyone knows, is worthless', async (t) => {
  const body = tokens.jwt.split('.')[1]!
  const signature = tokens.jwt.split('.')[2]!
  const header = decodeProtectedHeader(tokens.jwt)
  for (const alg of ['none', 'None', 'NONE', '']) {
    await isWorthless(t, `${encode({ ...header, alg })}.${body}.`, alg)
    await isWorthless(t, `${encode({ ...header, alg })}.${body}.${signature}`, alg)
  }
  const { keys } = (await send(`${server().issuer}/oauth/jwks`)).json as {
    keys: Record<string, string>[]
  }
  for (const jwk of keys) {
    const pem = await exportSPKI((await importJWK(jwk, jwk['alg'])) as CryptoKey)
    for (const secret of [
      pem,
      pem.trim(),
      JSON.stringify(jwk),
      jwk['n'] ?? jwk['x']!,
      jwk['kid']!,
      '',
    ]) {
      const signed = `${encode({ ...header, alg: 'HS256', kid: jwk['kid'] })}.${body}`
      const mac = createHmac('sha256', secret).update(signed).digest('base64url')
      await isWorthless(t, `${signed}.${mac}`, 'HS256')
    }
  }
})

test('a token with one letter changed is worthless', async (t) => {
  const other = (letter: string): string => (letter === 'A' ? 'B' : 'A')
  for (const token of [tokens.jwt, tokens.opaque]) {
    for (let index = 0; index < token.length; index += 7) {
      const changed = token.slice(0, index) + other(token[index]!) + token.slice(index + 1)
      await isWorthless(t, changed, `letter ${index}`)
    }
  }
})

test('an ID token, a code and a refresh token are no access tokens', async (t) => {
  await isWorthless(t, tokens.idToken, 'ID token')
  const cast = await newCast(server())
  const code = await obtainCode(cast, offline)
  t.is((await userinfo(code.code)).status, 401)
  t.deepEqual(await introspect(cast, code.code), { active: false })
  const { json } = await redeem(cast, code)
  t.is((await userinfo(String(json['refresh_token']))).status, 401)
  t.is((await userinfo(tokens.jwt)).status, 401)
})

test('a revoked token is worthless, opaque or not', async (t) => {
  const cast = await newCast(server(), { default_resource: server().config.API_RESOURCE })
  const scope = 'openid account:read'
  const jwt = String((await redeem(cast, await obtainCode(cast, { scope }))).json['access_token'])
  const stranger = await server().addClient()
  await post(`${server().issuer}/oauth/revoke`, stranger, { token: jwt })
  t.is((await introspect(cast, jwt))['active'], true)
  await post(`${server().issuer}/oauth/revoke`, cast.client, { token: jwt })
  t.deepEqual(await introspect(cast, jwt), { active: false })
  await isWorthless(t, jwt, 'revoked')

  const plain = await newCast(server())
  const opaque = String((await redeem(plain, await obtainCode(plain))).json['access_token'])
  await post(`${server().issuer}/oauth/revoke`, cast.client, { token: opaque })
  t.is((await userinfo(opaque)).status, 200)
  await post(`${server().issuer}/oauth/revoke`, plain.client, { token: opaque })
  t.is((await userinfo(opaque)).status, 401)
  t.deepEqual(await introspect(plain, opaque), { active: false })
})

test('a client learns nothing of a token that is neither its own nor for what it serves', async (t) => {
  const stranger = { fixture: server(), client: await server().addClient() }
  const elsewhere = await server().addClient({
    introspection_resources: ['https://other.example/api'],
  })
  for (const client of [stranger.client, elsewhere]) {
    for (const token of [tokens.jwt, tokens.opaque])
      t.deepEqual(await introspect({ fixture: server(), client }, token), { active: false })
  }
  const api = await server().addClient({ introspection_resources: [server().config.API_RESOURCE] })
  t.is((await introspect({ fixture: server(), client: api }, tokens.jwt))['active'], true)
  t.deepEqual(await introspect({ fixture: server(), client: api }, tokens.opaque), {
    active: false,
  })

  const open = await server().addClient({
    token_endpoint_auth_method: 'none',
    introspection_resources: [server().config.API_RESOURCE],
  })
  const answer = await introspect({ fixture: server(), client: open }, tokens.jwt)
  t.not(answer['active'], true)
})

test('a token or code of one client is refused to another', async (t) => {
  const cast = await newCast(server())
  const other = await server().addClient()
  const { json } = await redeem(cast, await obtainCode(cast, offline))
  const answer = await post(`${server().issuer}/oauth/token`, other, {
    grant_type: 'refresh_token',
    refresh_token: String(json['refresh_token']),
  })
  t.is(answer.json['error'], 'invalid_grant')
})
