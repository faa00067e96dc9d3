import { generateKeyPairSync } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadDeclared } from '#config/declared.ts'
import type { TrustedIssuer } from '#config/issuer-entry.ts'
import { InvalidConfig, loadConfig } from '#config/load.ts'
import { trustedIssuersOf } from '#config/trusted-issuers.ts'

const secret = 'a-shared-secret-of-at-least-32-characters'
const entry = { issuer: 'https://their.example', audience: 'their-app' }
const jwks_uri = 'https://their.example/jwks'

/** What a server would trust with these entries in its file and these settings. */
function read(
  t: ExecutionContext,
  entries: object[],
  env: Record<string, string> = {},
): TrustedIssuer[] {
  const folder = mkdtempSync(join(tmpdir(), 'yumen-trusted-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const CONFIG_FILE = join(folder, 'yumen.yaml')
  writeFileSync(CONFIG_FILE, JSON.stringify({ trusted_issuers: entries }))
  const config = loadConfig({ CONFIG_FILE, ...env })
  return trustedIssuersOf(config, loadDeclared(config).trustedIssuers)
}

const problem = (t: ExecutionContext, entries: object[], env = {}): string =>
  t.throws(() => read(t, entries, env), { instanceOf: InvalidConfig }).message

const pem = (type: 'rsa' | 'ec', options: object, isPrivate = false): string => {
  const keys = generateKeyPairSync(type as 'rsa', options as { modulusLength: number })
  return isPrivate
    ? String(keys.privateKey.export({ type: 'pkcs8', format: 'pem' }))
    : String(keys.publicKey.export({ type: 'spki', format: 'pem' }))
}

test('an entry needs little, and trusts nothing that it does not say', (t) => {
  t.deepEqual(read(t, [{ ...entry, jwks_uri }]), [
    {
      ...entry,
      keys: { jwksUri: jwks_uri },
      algorithms: ['RS256', 'ES256'],
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
    },
  ])
})

test('the kind of key says which algorithms there are', (t) => {
  const algorithms = (more: object) => read(t, [{ ...entry, ...more }])[0]!.algorithms
  t.deepEqual(algorithms({ secret }), ['HS256'])
  t.deepEqual(algorithms({ secret, algorithms: ['HS512'] }), ['HS512'])
  t.deepEqual(algorithms({ public_key: pem('ec', { namedCurve: 'P-384' }) }), ['ES384'])
  t.deepEqual(algorithms({ public_key: pem('rsa', { modulusLength: 2048 }) }), ['RS256'])
})

test('every mistake is a sentence that names the place', (t) => {
  const one = (more: object) => problem(t, [{ ...entry, ...more }])
  t.regex(one({}), /trusted_issuers\.0 needs exactly one of jwks_uri, public_key/)
  t.regex(one({ jwks_uri, secret }), /needs exactly one of/)
  t.regex(one({ jwks_uri, algorithms: ['HS256'] }), /HS256 does not go with the key/)
  t.regex(one({ secret, algorithms: ['RS256'] }), /RS256 does not go with the key/)
  t.regex(one({ jwks_uri, algorithms: ['none'] }), /trusted_issuers\.0\.algorithms\.0/)
  t.regex(one({ secret: 'short' }), /secret must have at least 32 characters/)
  t.notRegex(one({ secret: 'short' }), /"short"/)
  t.regex(one({ secret: 'x'.repeat(31) }), /secret must have at least 32 characters/)
  t.is(read(t, [{ ...entry, secret: 'x'.repeat(32) }]).length, 1)
  t.regex(one({ secret_file: '/nowhere' }), /secret_file names a file that cannot be read/)
  t.regex(one({ public_key: 'x' }), /public_key must be a public key as PEM/)
  t.regex(one({ public_key: pem('rsa', { modulusLength: 1024 }) }), /RSA of 2048 bits/)
  const privateKey = pem('ec', { namedCurve: 'P-256' }, true)
  t.regex(one({ public_key: privateKey }), /must be a public key/)
  t.regex(one({ jwks_uri: 'ftp://x' }), /trusted_issuers\.0\.jwks_uri/)
  t.regex(one({ jwks_uri, api_scopes: ['admin:users'] }), /trusted_issuers\.0\.api_scopes/)
  t.regex(one({ jwks_uri, claims: { e_mail: 'x' } }), /trusted_issuers\.0\.claims.*e_mail/)
})

test('this server, an issuer that is there twice and keys over plain http are refused', (t) => {
  const one = { ...entry, jwks_uri }
  t.regex(problem(t, [one, one]), /https:\/\/their\.example is there twice for their-app/)
  const own = { ...one, issuer: 'https://id.example' }
  t.regex(problem(t, [own], { ISSUER: 'https://id.example' }), /is this server itself/)
  const plain = { ...entry, jwks_uri: 'http://10.0.0.1:8080/jwks' }
  t.regex(problem(t, [plain]), /jwks_uri must begin with https:/)
  t.is(read(t, [plain], { FETCH_ALLOWED_HOSTS: '10.0.0.1:8080' }).length, 1)
  t.is(read(t, [one, { ...entry, secret }]).length, 2)
  t.is(read(t, [one, { ...one, audience: 'another-app' }]).length, 2)
})

test('SUPABASE_URL is enough, with the secret of an old project beside its keys', (t) => {
  const env = { SUPABASE_URL: 'https://abc.supabase.co/' }
  const [supabase] = read(t, [], env)
  t.like(supabase, {
    issuer: 'https://abc.supabase.co/auth/v1',
    audience: 'authenticated',
    keys: { jwksUri: 'https://abc.supabase.co/auth/v1/.well-known/jwks.json' },
    requiredClaims: { role: 'authenticated' },
    trustsEmail: false,
  })
  const both = read(t, [], { ...env, SUPABASE_JWT_SECRET: secret, SUPABASE_CONFIRMS_EMAIL: 'true' })
  t.deepEqual(
    both.map(({ algorithms, trustsEmail }) => ({ algorithms, trustsEmail })),
    [
      { algorithms: ['ES256', 'RS256'], trustsEmail: true },
      { algorithms: ['HS256'], trustsEmail: true },
    ],
  )
  t.regex(problem(t, [], { SUPABASE_JWT_SECRET: secret }), /needs SUPABASE_URL/)
})

test('FIREBASE_PROJECT_ID is enough', (t) => {
  t.like(read(t, [], { FIREBASE_PROJECT_ID: 'acme-notes' })[0], {
    issuer: 'https://securetoken.google.com/acme-notes',
    audience: 'acme-notes',
    algorithms: ['RS256'],
    trustsEmail: true,
  })
  t.regex(problem(t, [], { FIREBASE_PROJECT_ID: 'a/b' }), /FIREBASE_PROJECT_ID must be the id/)
})
