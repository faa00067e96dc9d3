import test, { type ExecutionContext } from 'ava'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { rootCertificates } from 'node:tls'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InvalidConfig, loadConfig, metricsAccess } from '#config/load.ts'

const secretKey = 'q8Zr2LwX5vTn7BcY1KdM4HsJ9PfA6GeU'
const production = {
  NODE_ENV: 'production',
  ISSUER: 'https://id.example.com',
  SECRET_KEY: secretKey,
  DATABASE_URL: 'postgres://yumen@db/yumen',
}

/** The sentences with which this environment is refused; empty when it is accepted. */
function problems(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(env)
    return []
  } catch (error) {
    if (error instanceof InvalidConfig) return error.problems
    throw error
  }
}

function fileWith(t: ExecutionContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'yumen-config-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'value')
  writeFileSync(path, text)
  return path
}

test('an empty environment is a development server on loopback with SQLite', (t) => {
  const config = loadConfig({})
  t.like(config, {
    NODE_ENV: 'development',
    development: true,
    HOST: '127.0.0.1',
    PORT: 3000,
    ISSUER: 'http://localhost:3000',
    basePath: '',
    API_RESOURCE: 'http://localhost:3000/api',
    ACCESS_TOKEN_EXPIRE_MINUTES: 30,
    REFRESH_TOKEN_EXPIRE_DAYS: 7,
    REGISTRATION: 'open',
    TRUSTED_PROXIES: '0',
    SECRET_KEY: undefined,
    REDIS_URL: undefined,
  })
  t.is(config.DATABASE_URL, `sqlite:${process.cwd()}/data/yumen.db`)
  t.deepEqual(config.FETCH_ALLOWED_HOSTS, [])
})

test('an empty value counts as none', (t) => {
  t.deepEqual(loadConfig({ PORT: '', ISSUER: '', SECRET_KEY: '', REDIS_URL: '' }), loadConfig({}))
})

test('a complete production environment is accepted and listens on every address', (t) => {
  const config = loadConfig(production)
  t.is(config.development, false)
  t.is(config.HOST, undefined)
  t.is(config.API_RESOURCE, 'https://id.example.com/api')
})

test('the configuration cannot be changed', (t) => {
  const config = loadConfig({})
  t.true(Object.isFrozen(config))
  t.throws(() => Object.assign(config, { PORT: 1 }), { instanceOf: TypeError })
})

test('production refuses what is unsafe there, all at once', (t) => {
  t.deepEqual(problems({ NODE_ENV: 'production' }), [
    'SECRET_KEY must be set in production (make one with: openssl rand -base64 48).',
    'ISSUER must be set in production to the public address, such as https://id.example.com.',
    'DATABASE_URL must be chosen in production, such as postgres://user@host/yumen.',
  ])
  const plain = { ...production, ISSUER: 'http://id.example.com' }
  t.deepEqual(problems(plain), [
    'ISSUER must begin with https:// in production (or set ALLOW_INSECURE_ISSUER=true).',
  ])
  t.deepEqual(problems({ ...plain, ALLOW_INSECURE_ISSUER: 'true' }), [])
})

test('every wrong value is told in one go, each with a sentence that names it', (t) => {
  t.deepEqual(
    problems({ PORT: '70000', LOG_LEVEL: 'loud', REGISTRATION: 'maybe', ADMIN_EMAIL: 'x' }),
    [
      'PORT must be a whole number from 0 to 65535, not "70000".',
      'LOG_LEVEL must be one of fatal, error, warn, info, debug, silent, not "loud".',
      'ADMIN_EMAIL must be an e-mail address, not "x".',
      'REGISTRATION must be one of open, closed, not "maybe".',
    ],
  )
})

test('a number must be whole and within its bounds', (t) => {
  for (const PORT of ['-1', '65536', '1.5', 'x', '1 2', 'NaN', 'Infinity'])
    t.deepEqual(
      problems({ PORT }),
      [`PORT must be a whole number from 0 to 65535, not "${PORT}".`],
      PORT,
    )
  t.is(loadConfig({ PORT: '0' }).PORT, 0)
  t.is(loadConfig({ REFRESH_GRACE_SECONDS: '0' }).REFRESH_GRACE_SECONDS, 0)
  t.is(problems({ REFRESH_GRACE_SECONDS: '121' }).length, 1)
})

test('an issuer must be a plain address, and may have a path', (t) => {
  for (const [ISSUER, basePath] of [
    ['https://id.example.com', ''],
    ['https://id.example.com/', ''],
    ['https://example.com/sso', '/sso'],
    ['http://localhost:3000/a/b-c_d.e~f', '/a/b-c_d.e~f'],
  ] as const) {
    const config = loadConfig({ ISSUER })
    t.is(config.basePath, basePath, ISSUER)
    t.is(config.ISSUER, ISSUER.replace(/\/$/, ''))
  }
  for (const ISSUER of [
    'id.example.com',
    'ftp://id.example.com',
    'https://id.example.com?x=1',
    'https://id.example.com#x',
    'https://user@id.example.com',
    'https://id.example.com/sso/',
    'https://id.example.com/s%20o',
    'https://id.example.com//sso',
  ]) {
    t.is(problems({ ISSUER }).length, 1, ISSUER)
    t.regex(problems({ ISSUER })[0]!, /^ISSUER must /)
  }
})

test('trusted proxies are a number of hops or addresses and ranges', (t) => {
  for (const good of ['0', '2', '10.0.0.0/8', '127.0.0.1, ::1', 'fd00::/8,192.168.1.1'])
    t.deepEqual(problems({ TRUSTED_PROXIES: good }), [], good)
  for (const bad of ['-1', '100', 'all', '10.0.0.0/33', '10.0.0.0/8/8', '::1/129', 'proxy.local'])
    t.is(problems({ TRUSTED_PROXIES: bad }).length, 1, bad)
})

test('a secret key must be long and random, and is never repeated in the sentence', (t) => {
  for (const SECRET_KEY of ['hunter2', 'a'.repeat(40), 'abababab'.repeat(5)]) {
    const found = problems({ SECRET_KEY })
    t.is(found.length, 1, SECRET_KEY)
    t.regex(found[0]!, /^SECRET_KEY must /)
    t.false(found[0]!.includes(SECRET_KEY))
  }
  const previous = problems({ SECRET_KEY: secretKey, SECRET_KEY_PREVIOUS: `${secretKey},short` })
  t.deepEqual(previous, ['SECRET_KEY_PREVIOUS must list keys of at least 32 characters.'])
})

test('a wrong address of a database or Redis is refused without being repeated', (t) => {
  const found = problems({
    DATABASE_URL: 'mongodb://root:hunter2@db/x',
    REDIS_URL: 'http://:hunter2@cache',
    SMTP_URL: 'hunter2',
  })
  t.is(found.length, 3)
  t.false(found.join().includes('hunter2'))
})

test('a secret may come from a file, without the line break at its end', (t) => {
  const config = loadConfig({
    ...production,
    SECRET_KEY: '',
    SECRET_KEY_FILE: fileWith(t, `${secretKey}\n`),
  })
  t.is(config.SECRET_KEY, secretKey)
  const url = fileWith(t, 'redis://cache:6379\r\n')
  t.is(loadConfig({ REDIS_URL_FILE: url }).REDIS_URL, 'redis://cache:6379')
})

test('a value and a file for it must not both be set', (t) => {
  const env = { SECRET_KEY: secretKey, SECRET_KEY_FILE: fileWith(t, secretKey) }
  t.deepEqual(problems(env), ['SECRET_KEY and SECRET_KEY_FILE must not both be set.'])
})

test('a file that cannot be read is told by its name', (t) => {
  t.deepEqual(problems({ ADMIN_PASSWORD_FILE: '/nowhere/password' }), [
    'ADMIN_PASSWORD_FILE names a file that cannot be read ("/nowhere/password").',
  ])
})

test('only a secret may come from a file', (t) => {
  t.is(loadConfig({ BRAND_NAME_FILE: '/nowhere/name' }).BRAND_NAME, 'Yumen')
})

test('lists are separated by commas, with spaces around them or not', (t) => {
  const config = loadConfig({ FETCH_ALLOWED_HOSTS: ' a:1, b:2 ,,c:3 ' })
  t.deepEqual(config.FETCH_ALLOWED_HOSTS, ['a:1', 'b:2', 'c:3'])
})

test('metrics are open in development, off in production, and behind the token where one is set', (t) => {
  const token = 'a-token-of-the-operator'
  const access = (env: Record<string, string>) => metricsAccess(loadConfig(env))
  t.is(access({}), 'open')
  t.is(access(production), 'off')
  t.is(access({ ...production, METRICS: 'open' }), 'open')
  t.is(access({ METRICS: 'off', METRICS_TOKEN: token }), 'off')
  for (const env of [{}, production, { METRICS: 'open' }, { METRICS: 'token' }])
    t.deepEqual(access({ ...env, METRICS_TOKEN: token }), { token })
  t.deepEqual(problems({ METRICS: 'token' }), ['METRICS_TOKEN must be set when METRICS is token.'])
  t.is(problems({ METRICS_TOKEN: 'short' }).length, 1)
  t.is(problems({ METRICS: 'yes' }).length, 1)
})

test('headers for the collector are name=value pairs, percent-encoded, and never shown', (t) => {
  const headers = (OTEL_EXPORTER_OTLP_HEADERS: string) => ({ OTEL_EXPORTER_OTLP_HEADERS })
  const read = loadConfig(headers('authorization=Basic%20a%3D=, x-tenant=a%2Cb'))
  t.deepEqual(read.OTEL_EXPORTER_OTLP_HEADERS, {
    authorization: 'Basic a==',
    'x-tenant': 'a,b',
  })
  for (const wrong of ['secret', '=secret', 'a=1,secret', 'a=%secret'])
    t.regex(problems(headers(wrong)).join(), /^OTEL_EXPORTER_OTLP_HEADERS must be [a-z=, -]+\.$/)
  for (const share of ['2', '-1', '.5', 'all'])
    t.is(problems({ OTEL_TRACES_SAMPLER_ARG: share }).length, 1, share)
})

test('a range service without https is refused unless its host is listed', (t) => {
  const plain = {
    BREACHED_PASSWORD_CHECK: 'range',
    BREACHED_PASSWORD_URL: 'http://10.0.0.1:8080/range',
  }
  t.regex(problems(plain)[0]!, /^BREACHED_PASSWORD_URL must begin with https/)
  t.deepEqual(problems({ ...plain, FETCH_ALLOWED_HOSTS: '10.0.0.1:8080' }), [])
  t.deepEqual(problems({ ...plain, BREACHED_PASSWORD_CHECK: 'offline' }), [])
  t.is(problems({ BREACHED_PASSWORD_URL: 'api.example.com' }).length, 1)
})

test('an address with doubtful TLS, or certificates for one without, is refused', (t) => {
  const env = { ...production, DATABASE_URL: 'postgres://u:secret@db/yumen?sslmode=prefer' }
  t.regex(problems(env).join('\n'), /^DATABASE_URL must say "sslmode=verify-full"/)
  t.notRegex(problems(env).join('\n'), /secret@/)

  const file = fileWith(t, 'no certificate')
  t.regex(problems({ ...production, REDIS_CA_FILE: file }).join('\n'), /REDIS_CA_FILE must name/)
  const ca = rootCertificates[0]!
  const DATABASE_CA_FILE = fileWith(t, ca)
  t.deepEqual(problems({ ...production, DATABASE_CA_FILE }), [
    'DATABASE_URL must ask for TLS, since DATABASE_CA_FILE is set.',
  ])
  const DATABASE_URL = 'postgres://yumen@db/yumen?sslmode=verify-full'
  t.deepEqual(problems({ ...production, DATABASE_URL, DATABASE_CA_FILE }), [])
})
