import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { SignJWT, type JWTPayload } from 'jose'
import type { TrustedIssuer } from '#config/issuer-entry.ts'
import { createForeignTokens, type ForeignPerson } from '#foreign-tokens/verify.ts'
import { createOutbound } from '#http/outbound.ts'
import { claimsOf, startIssuer } from '../support/issuer.ts'

const base = {
  claims: {
    subject: 'sub',
    email: 'email',
    emailVerified: 'email_verified',
    name: 'name',
    picture: 'picture',
  },
  requiredClaims: {},
  trustsEmail: false,
  apiScopes: undefined,
} satisfies Partial<TrustedIssuer>

async function begin(t: ExecutionContext, entry: Partial<TrustedIssuer> = {}) {
  const issuer = await startIssuer(t)
  const tokens = createForeignTokens({
    issuers: [
      {
        ...base,
        issuer: issuer.url,
        audience: issuer.audience,
        keys: { jwksUri: issuer.jwksUri },
        algorithms: ['ES256', 'RS256'],
        ...entry,
      },
    ],
    getJson: createOutbound({ allowedHosts: [issuer.host], timeoutMs: 20_000, maxBytes: 1e5 })
      .getJson,
    now: Date.now,
    onError: (error) => t.log(error),
  })
  return {
    issuer,
    verify: tokens.verify,
    about: async (claims: JWTPayload) =>
      (await tokens.verify(await issuer.sign(claims))) as ForeignPerson,
    reason: async (claims: JWTPayload, header = {}) => {
      const answer = await tokens.verify(await issuer.sign(claims, header))
      return 'refused' in answer ? answer.refused : undefined
    },
  }
}

test('a good token tells who it is about', async (t) => {
  const { issuer, about } = await begin(t)
  const person = await about({
    sub: '用户-1',
    email: 'li@example.com',
    email_verified: true,
    name: '雨面 👩‍👩‍👧',
    picture: 'https://img.example/a.png',
  })
  t.deepEqual(person.seen, {
    provider: issuer.url,
    appId: issuer.audience,
    subject: '用户-1',
    profile: {
      email: 'li@example.com',
      emailVerified: true,
      nickname: '雨面 👩‍👩‍👧',
      avatarUrl: 'https://img.example/a.png',
    },
  })
  t.false(person.isAnonymous)
})

test('what has the wrong form counts as not said; only the value true says that an address is verified', async (t) => {
  const { about } = await begin(t)
  const odd = await about({
    email: 'no address',
    email_verified: true,
    name: 'x\0',
    picture: 'javascript:1',
  })
  t.deepEqual(odd.seen.profile, {
    email: undefined,
    emailVerified: false,
    nickname: undefined,
    avatarUrl: undefined,
  })
  for (const said of ['true', 1, 'yes', null, [true]]) {
    const person = await about({ email: 'li@example.com', email_verified: said })
    t.false(person.seen.profile.emailVerified, JSON.stringify(said))
  }
})

test('claims are found by name or by path, and may stand for every person of the issuer', async (t) => {
  const { about } = await begin(t, {
    claims: {
      subject: 'oid',
      email: 'https://claims.example/email',
      emailVerified: true,
      name: 'user_metadata.full_name',
      picture: 'constructor.name',
    },
  })
  const { seen } = await about({
    oid: 'o-1',
    'https://claims.example/email': 'li@example.com',
    user_metadata: { full_name: '李华' },
  })
  t.is(seen.subject, 'o-1')
  t.like(seen.profile, { email: 'li@example.com', emailVerified: true, nickname: '李华' })
  t.is(seen.profile.avatarUrl, undefined)
})

test('anonymous people of Supabase and Firebase are known as such, and have no verified address', async (t) => {
  const { about } = await begin(t)
  for (const claims of [
    { is_anonymous: true },
    { firebase: { sign_in_provider: 'anonymous', identities: {} } },
  ]) {
    const person = await about({ ...claims, email: 'li@example.com', email_verified: true })
    t.true(person.isAnonymous)
    t.false(person.seen.profile.emailVerified)
  }
})

const now = Math.floor(Date.now() / 1000)
const refused: Record<string, { claims?: object; header?: object; reason: RegExp }> = {
  'another issuer': { claims: { iss: 'https://evil.example' }, reason: /issuer is not trusted/ },
  'the issuer with a slash': { claims: { iss: 'http://127.0.0.1/' }, reason: /not trusted/ },
  'another audience': { claims: { aud: 'somebody-else' }, reason: /another audience/ },
  'an audience in another case': { claims: { aud: 'Their-App' }, reason: /another audience/ },
  'no audience': { claims: { aud: undefined }, reason: /another audience/ },
  'an end in the past': { claims: { exp: now - 31 }, reason: /has ended/ },
  'no end': { claims: { exp: undefined }, reason: /claim exp/ },
  'an end that is text': { claims: { exp: '9999999999' }, reason: /claim exp/ },
  'a beginning in the future': { claims: { nbf: now + 90 }, reason: /claim nbf/ },
  'a birth in the future': { claims: { iat: now + 90 }, reason: /claim iat/ },
  'no birth': { claims: { iat: undefined }, reason: /claim iat/ },
  'no subject': { claims: { sub: undefined }, reason: /claim sub/ },
  'an empty subject': { claims: { sub: '' }, reason: /no subject/ },
  'a subject of 256 characters': { claims: { sub: 'x'.repeat(256) }, reason: /no subject/ },
  'a subject that is a number': { claims: { sub: 7 }, reason: /no subject/ },
  'the type of an access token': { header: { typ: 'at+jwt' }, reason: /another type/ },
  'the type of a logout token': { header: { typ: 'logout+jwt' }, reason: /another type/ },
  'the events of a logout token': { claims: { events: {} }, reason: /another type/ },
  'a key that is not there': { header: { kid: 'unknown' }, reason: /signature/ },
}

for (const [what, { claims = {}, header = {}, reason }] of Object.entries(refused)) {
  test(`a token with ${what} is refused, and the reason is said`, async (t) => {
    const begun = await begin(t)
    t.regex(String(await begun.reason(claims as JWTPayload, header)), reason)
  })
}

test('clocks may differ by 30 seconds, and a token may have several audiences or no type', async (t) => {
  const { reason, issuer } = await begin(t)
  t.is(await reason({ exp: now - 20, iat: now + 20, nbf: now + 20 }), undefined)
  t.is(await reason({ aud: ['other', issuer.audience] }), undefined)
  t.is(await reason({}, { typ: undefined }), undefined)
})

test('claims that are required must be there with their value', async (t) => {
  const { reason } = await begin(t, { requiredClaims: { role: 'authenticated', 'app.tier': 2 } })
  t.is(await reason({ role: 'authenticated', app: { tier: 2 } }), undefined)
  t.is(await reason({ role: ['x', 'authenticated'], app: { tier: 2 } }), undefined)
  t.regex(String(await reason({ role: 'anon', app: { tier: 2 } })), /claim role/)
  t.regex(String(await reason({ role: 'authenticated' })), /claim app\.tier/)
})

test('a static public key and a shared secret verify what they have signed, and nothing else', async (t) => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string
  const secret = 'a-shared-secret-of-at-least-32-characters'
  const common = { ...base, issuer: 'https://old.example', audience: 'their-app' }
  const { verify } = createForeignTokens({
    issuers: [
      { ...common, keys: { publicKey: createPublicKey(pem) }, algorithms: ['RS256'] },
      { ...common, keys: { secret }, algorithms: ['HS256'] },
    ],
    getJson: () => Promise.reject(new Error('nothing is fetched')),
    now: Date.now,
    onError: (error) => t.fail(String(error)),
  })
  const sign = (alg: string, key: Uint8Array | typeof privateKey) =>
    new SignJWT({ ...claimsOf('https://old.example'), aud: 'their-app' })
      .setProtectedHeader({ alg })
      .sign(key)
  t.true('seen' in (await verify(await sign('RS256', privateKey))))
  t.true('seen' in (await verify(await sign('HS256', Buffer.from(secret)))))
  t.true('refused' in (await verify(await sign('HS256', Buffer.from(pem)))))
  t.true('refused' in (await verify(await sign('HS256', Buffer.from(pem.trim())))))
  t.true('refused' in (await verify(await sign('PS256', privateKey))))
  t.true('refused' in (await verify(await sign('HS512', Buffer.from(secret.repeat(2))))))
})

test('what is no JWT, or a very long one, is refused before anything is fetched', async (t) => {
  const { verify, issuer } = await begin(t)
  const long = await issuer.sign({ padding: 'x'.repeat(20_000) })
  for (const token of ['', 'x', 'a.b.c', '..', 'e30.e30.', long])
    t.true('refused' in (await verify(token)), token.slice(0, 20))
  t.is(issuer.fetches, 0)
})
