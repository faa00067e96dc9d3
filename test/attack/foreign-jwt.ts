import { createHmac } from 'node:crypto'
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
import { startExchange, trust } from '../support/exchange.ts'
import { claimsOf, startIssuer, type Issuer } from '../support/issuer.ts'
import type { Fixture } from '../support/start.ts'
import { newCast, obtainCode, offline, redeem } from '../security/journey.ts'
import { storages } from '../support/trials.ts'
import type { Program } from './program.ts'
import { openStage } from './stage.ts'

type Forgery = [name: string, token: string]

const absent = undefined as never

/** Signed with the right key, and wrong in what they say. */
const lies = (now: number): Record<string, JWTPayload> => ({
  'iss: another': { iss: 'https://evil.example' },
  'iss: none': { iss: absent },
  'iss: a list': { iss: ['a'] as never },
  'iss: with a slash': { iss: '/' },
  'aud: another': { aud: 'another-app' },
  'aud: none': { aud: absent },
  'aud: empty list': { aud: [] },
  'aud: upper case': { aud: 'THEIR-APP' },
  'exp: a minute ago': { exp: now - 60 },
  'exp: none': { exp: absent },
  'exp: text': { exp: '9999999999' as never },
  'exp: negative': { exp: -1 },
  'nbf: in ten minutes': { nbf: now + 600 },
  'nbf: text': { nbf: 'x' as never },
  'iat: in ten minutes': { iat: now + 600 },
  'sub: none': { sub: absent },
  'sub: empty': { sub: '' },
  'sub: NUL': { sub: 'a\0b' },
  'sub: 256 characters': { sub: 'x'.repeat(256) },
  'sub: a list': { sub: ['a'] as never },
  'sub: an object': { sub: { a: 1 } as never },
  'events of a logout token': { events: { logout: {} } },
})

const headers: Record<string, Record<string, unknown>> = {
  'typ: at+jwt': { typ: 'at+jwt' },
  'typ: logout+jwt': { typ: 'logout+jwt' },
  'typ: dpop+jwt': { typ: 'dpop+jwt' },
  'kid: unknown': { kid: 'unknown' },
  'kid: path': { kid: '../../../dev/null' },
  'kid: SQL': { kid: "x' OR 1=1 --" },
  'kid: a number': { kid: 1 },
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

async function forgeries(issuer: Issuer): Promise<Forgery[]> {
  const signed = Object.entries(lies(Math.floor(Date.now() / 1000))).map(
    async ([name, claims]): Promise<Forgery> => {
      const iss = name === 'iss: with a slash' ? { iss: `${issuer.url}/` } : {}
      return [name, await issuer.sign({ ...claims, ...iss })]
    },
  )
  const headed = Object.entries(headers).map(async ([name, header]): Promise<Forgery> => [
    name,
    await issuer.sign({}, header),
  ])
  return [
    ...(await Promise.all([...signed, ...headed])),
    ...(await withOwnKey(issuer)),
    ...(await withoutKey(issuer)),
    ...(await broken(issuer)),
  ]
}

/** Signed with a key of the attacker, with a header that says where to find it. */
async function withOwnKey({ jwk, url }: Issuer): Promise<Forgery[]> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const own = await exportJWK(publicKey)
  const kid = jwk.kid!
  const tried: Record<string, Record<string, unknown>> = {
    'another key': { kid },
    'another key in jwk': { kid, jwk: own },
    'another key in jwk, no kid': { jwk: own },
    'jku and x5u': { kid, jku: 'https://evil.example/jwks', x5u: 'https://evil.example/x' },
    x5c: { kid, x5c: ['AAAA'] },
  }
  const tokens = Object.entries(tried).map(async ([name, header]): Promise<Forgery> => {
    const token = new SignJWT(claimsOf(url)).setProtectedHeader({ alg: 'ES256', ...header })
    return [name, await token.sign(privateKey)]
  })
  return Promise.all(tokens)
}

/** Without a signature, or with one that everyone can make. */
async function withoutKey({ jwk, url }: Issuer): Promise<Forgery[]> {
  const body = encode(claimsOf(url))
  const { kid } = jwk
  const none = ['none', 'None', 'NONE', 'nOnE', ''].map((alg): Forgery => [
    `alg: ${alg || 'empty'}`,
    `${encode({ alg, kid, typ: 'JWT' })}.${body}.`,
  ])
  const pem = await exportSPKI((await importJWK(jwk, 'ES256')) as CryptoKey)
  const secrets = {
    pem,
    'pem trimmed': pem.trim(),
    jwk: JSON.stringify(jwk),
    x: jwk.x!,
    kid: kid!,
    empty: '',
  }
  const macs = Object.entries(secrets).map(([name, secret]): Forgery => {
    const signed = `${encode({ alg: 'HS256', kid, typ: 'JWT' })}.${body}`
    return [
      `HS256 with ${name}`,
      `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`,
    ]
  })
  return [...none, ...macs]
}

/** Made from a good one. */
async function broken(issuer: Issuer): Promise<Forgery[]> {
  const token = await issuer.sign({ sub: 'somebody' })
  const [head = '', body = '', signature = ''] = token.split('.')
  const { kid } = issuer.jwk
  const zeros = Buffer.alloc(64).toString('base64url')
  return [
    ['no signature', `${head}.${body}.`],
    ['two parts', `${head}.${body}`],
    ['four parts', `${token}.x`],
    ['other claims', `${head}.${encode({ ...decodeJwt(token), sub: 'boss' })}.${signature}`],
    // CVE-2022-21449: r and s of zero.
    ['signature of zeros', `${head}.${body}.${zeros}`],
    ['crit', `${encode({ alg: 'ES256', kid, crit: ['x'], x: 1 })}.${body}.${signature}`],
    [
      'b64: false',
      `${encode({ alg: 'ES256', kid, b64: false, crit: ['b64'] })}.${body}.${signature}`,
    ],
    ['JSON serialization', JSON.stringify({ protected: head, payload: body, signature })],
  ]
}

/** Our own tokens, where a foreign one is wanted. */
async function ours(fixture: Fixture, issuer: Issuer): Promise<Forgery[]> {
  const cast = await newCast(fixture)
  const { json } = await redeem(cast, await obtainCode(cast, offline))
  const { access_token } = await apiOf(fixture).login(await fixture.addUser())
  const copied = await issuer.sign({ ...decodeJwt(access_token), aud: issuer.audience })
  return [
    ['our ID token', String(json['id_token'])],
    ['our opaque access token', String(json['access_token'])],
    ['our refresh token', String(json['refresh_token'])],
    ['our claims, their key', copied],
  ]
}

/** Supabase CVE-2026-31813, Casdoor CVE-2026-9094. */
export const foreignJwt: Program = {
  name: 'foreign-jwt',
  title: 'a token that is not for us, or not of whom it says, is taken nowhere',
  storages,
  limitMs: 300_000,
  async run(trial) {
    const issuer = await startIssuer(trial.t)
    const { fixture } = await openStage(trial, trust(trial.t, issuer, { accepted_by_api: true }))
    const { exchange } = await startExchange(fixture)
    const against: string[] = []
    const count = async () => (await fixture.storage.users.list({ limit: 100 })).users.length
    const good = await issuer.sign({ sub: 'somebody' })
    const taken = [
      (await exchange(good)).status,
      (await apiOf(fixture).call('GET', '/users/me', { token: good })).status,
    ]
    const control = taken.some((status) => status !== 200) ? [taken.join(', ')] : []
    trial.report.row({ attack: 'control: a good token is taken', tried: 2, against: control })
    const forged = [...(await forgeries(issuer)), ...(await ours(fixture, issuer))]
    const before = await count()
    for (const [name, token] of forged) {
      for (const type of ['jwt', 'id_token', 'access_token']) {
        const subject_token_type = `urn:ietf:params:oauth:token-type:${type}`
        const { status } = await exchange(token, { subject_token_type })
        if (status !== 400) against.push(`${name} at the exchange as ${type}: ${status}`)
      }
      // A header can hold no line end; whatever else a token is made of it can.
      for (const path of ['/users/me', '/api/v1/users/me', '/admin/users']) {
        const { status } = await apiOf(fixture).call('GET', path, { token })
        if (status !== 401) against.push(`${name} at ${path}: ${status}`)
      }
    }
    if ((await count()) !== before) against.push('a user was made')
    const attack = `${forged.length} variants at the exchange and the API`
    trial.report.row({ attack, tried: 6 * forged.length, against })
  },
}
