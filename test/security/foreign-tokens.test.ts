import { createHmac } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import {
  decodeJwt,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  importJWK,
  SignJWT,
  type CryptoKey,
  type JWTPayload,
} from 'jose'
import { apiOf } from '../support/api.ts'
import { createBrowser } from '../support/browser.ts'
import { startExchange, trust } from '../support/exchange.ts'
import { claimsOf, startIssuer, type Issuer } from '../support/issuer.ts'
import { start, type Fixture } from '../support/start.ts'
import { newCast, obtainCode, offline, redeem } from './journey.ts'

/** Supabase CVE-2026-31813, Casdoor CVE-2026-9094: a token that is not for us, or not of whom it says, taken for ours. */

let issuer: Issuer
let fixture: Fixture
let exchange: Awaited<ReturnType<typeof startExchange>>['exchange']
const endings: (() => unknown)[] = []

test.before(async () => {
  const t = { teardown: (end: () => unknown) => void endings.unshift(end) }
  issuer = await startIssuer(t)
  fixture = await start(t, {
    env: trust(t, issuer, { accepted_by_api: true }),
  })
  ;({ exchange } = await startExchange(fixture))
})
test.after.always(async () => {
  for (const end of endings) await end()
})

const count = async (): Promise<number> =>
  (await fixture.storage.users.list({ limit: 100 })).users.length

/** No door opens: neither the exchange, under any name, nor our own API; and no one is made. */
async function isRefused(t: ExecutionContext, token: string, label: string): Promise<void> {
  const before = await count()
  for (const type of ['jwt', 'id_token', 'access_token']) {
    const answer = await exchange(token, {
      subject_token_type: `urn:ietf:params:oauth:token-type:${type}`,
    })
    t.is(answer.status, 400, `${label}, ${type}`)
    t.is(answer.body['access_token'], undefined)
  }
  for (const path of ['/users/me', '/api/v1/users/me', '/admin/users'])
    t.is((await apiOf(fixture).call('GET', path, { token })).status, 401, `${label}, ${path}`)
  t.is(await count(), before, `${label} made somebody`)
}

test.serial('the tokens of this file are good when nothing is wrong with them', async (t) => {
  const token = await issuer.sign({ sub: 'somebody' })
  t.is((await exchange(token)).status, 200)
  const idToken = { subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' }
  t.is((await exchange(token, idToken)).status, 200)
  t.is((await apiOf(fixture).call('GET', '/users/me', { token })).status, 200)
})

const now = Math.floor(Date.now() / 1000)
const substitutes: Record<string, { claims?: JWTPayload; header?: Record<string, unknown> }> = {
  'another issuer': { claims: { iss: 'https://evil.example' } },
  'no issuer': { claims: { iss: undefined } as never },
  'another audience': { claims: { aud: 'another-app' } },
  'no audience': { claims: { aud: undefined } as never },
  'an end in the past': { claims: { exp: now - 60 } },
  'no end': { claims: { exp: undefined } as never },
  'a beginning in the future': { claims: { nbf: now + 600 } },
  'a birth in the future': { claims: { iat: now + 600 } },
  'no subject': { claims: { sub: undefined } as never },
  'a subject with a NUL': { claims: { sub: 'a\0b' } },
  'a subject of 256 characters': { claims: { sub: 'x'.repeat(256) } },
  'the type of an access token': { header: { typ: 'at+jwt' } },
  'the events of a logout token': { claims: { events: { logout: {} } } },
}

for (const [what, { claims = {}, header = {} }] of Object.entries(substitutes)) {
  test.serial(`a token with ${what} is refused everywhere`, async (t) => {
    await isRefused(t, await issuer.sign(claims, header), what)
  })
}

test.serial(
  'a token of another key is refused everywhere, whatever its header points to',
  async (t) => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    const evil = await exportJWK(publicKey)
    for (const header of [
      { kid: issuer.jwk.kid! },
      { kid: issuer.jwk.kid!, jwk: evil },
      { kid: issuer.jwk.kid!, jku: 'https://evil.example/jwks', x5u: 'https://evil.example/x' },
      { jwk: evil },
    ]) {
      const token = await new SignJWT(claimsOf(issuer.url))
        .setProtectedHeader({ alg: 'ES256', ...header })
        .sign(privateKey)
      await isRefused(t, token, JSON.stringify(header))
    }
  },
)

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

test.serial(
  'a token without a signature, or signed with what everyone knows, is refused everywhere',
  async (t) => {
    const body = encode(claimsOf(issuer.url))
    const { kid } = issuer.jwk
    for (const alg of ['none', 'None', 'NONE', ''])
      await isRefused(t, `${encode({ alg, kid, typ: 'JWT' })}.${body}.`, alg)
    const pem = await exportSPKI((await importJWK(issuer.jwk, 'ES256')) as CryptoKey)
    for (const secret of [pem, pem.trim(), JSON.stringify(issuer.jwk), issuer.jwk.x!, kid!, '']) {
      const signed = `${encode({ alg: 'HS256', kid, typ: 'JWT' })}.${body}`
      const mac = createHmac('sha256', secret).update(signed).digest('base64url')
      await isRefused(t, `${signed}.${mac}`, 'HS256')
    }
  },
)

test.serial(
  'our own tokens are no subject tokens, and a foreign one made from ours is none either',
  async (t) => {
    const cast = { ...(await newCast(fixture)), browser: createBrowser(fixture.issuer) }
    const { json } = await redeem(cast, await obtainCode(cast, offline))
    const person = await fixture.addUser()
    const ours = await apiOf(fixture).login(person)
    const tokens = {
      'ID token': String(json['id_token']),
      'opaque access token': String(json['access_token']),
      'refresh token': String(json['refresh_token']),
      'JWT access token': ours.access_token,
    }
    for (const [label, token] of Object.entries(tokens)) {
      t.is((await exchange(token)).body['error'], 'invalid_grant', label)
      if (label !== 'JWT access token') await isRefused(t, token, label)
    }
    const copied = await issuer.sign({ ...decodeJwt(ours.access_token), aud: issuer.audience })
    await isRefused(t, copied, 'our claims, their key')
  },
)

test.serial(
  'a flood of unknown keys asks the issuer no more than once in 30 seconds',
  async (t) => {
    const before = issuer.fetches
    for (let index = 0; index < 100; index += 1) {
      const { status } = await exchange(await issuer.sign({}, { kid: `unknown-${index}` }))
      t.is(status, 400)
    }
    t.true(issuer.fetches - before <= 2)
  },
)

test.serial('a token with one letter changed is refused', async (t) => {
  const token = await issuer.sign({ sub: 'somebody' })
  for (let index = 0; index < token.length - 1; index += 11) {
    const changed =
      token.slice(0, index) + (token[index] === 'A' ? 'B' : 'A') + token.slice(index + 1)
    t.is((await exchange(changed)).status, 400, `letter ${index}`)
  }
})

test.serial(
  'with a foreign token nobody makes keys that outlive it, or becomes an administrator',
  async (t) => {
    const api = apiOf(fixture)
    const token = await issuer.sign({ sub: 'boss' })
    const { id } = (await api.call('GET', '/users/me', { token })).body
    await fixture.storage.users.update(id, { roles: ['admin'] })
    const key = { name: 'x', scopes: ['account:read'] }
    t.is((await api.call('POST', '/users/api-keys', { token, body: key })).status, 403)
    t.is((await api.call('GET', '/admin/users', { token })).status, 403)
    const { body } = await exchange(token)
    t.is((await api.call('GET', '/admin/users', { token: body['access_token'] })).status, 403)
  },
)
