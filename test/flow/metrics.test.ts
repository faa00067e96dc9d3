import { readFile } from 'node:fs/promises'
import test from 'ava'
import { start, type Fixture } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { signedIn } from './journeys.ts'

const production = { NODE_ENV: 'production', ALLOW_INSECURE_ISSUER: 'true' }
const token = 'a-long-token-for-prometheus'

async function metricsOf(
  { issuer }: Pick<Fixture, 'issuer'>,
  headers: Record<string, string> = {},
): Promise<{ status: number; lines: string[] }> {
  const response = await fetch(`${issuer}/metrics`, { headers })
  return { status: response.status, lines: (await response.text()).split('\n') }
}

/** The value of a line whose labels hold all of these. */
const valueOf = (
  lines: readonly string[],
  name: string,
  ...labels: string[]
): number | undefined => {
  const line = lines.find(
    (one) => one.startsWith(name) && labels.every((label) => one.includes(label)),
  )
  return line === undefined ? undefined : Number(line.split(' ').at(-1))
}

onStorages('GET /metrics tells what the server does, by route and outcome', async (t, begin) => {
  const fixture = await begin()
  const { person } = await signedIn(fixture)
  const login = (password: string) =>
    fetch(`${fixture.issuer}/api/v1/auth/login`, {
      method: 'POST',
      body: new URLSearchParams({ email: person.email, password }),
    })
  await login('wrong')
  await login(person.password)
  for (const path of ['/users/../etc/passwd', '/nothing?secret=1', '/admin/users/some-id'])
    await fetch(fixture.issuer + path)

  const { status, lines } = await metricsOf(fixture)
  t.is(status, 200)
  t.is(valueOf(lines, 'yumen_logins_total', 'outcome="succeeded"'), 2)
  t.is(valueOf(lines, 'yumen_logins_total', 'outcome="failed"'), 1)
  t.is(valueOf(lines, 'yumen_tokens_issued_total', 'grant_type="authorization_code"'), 1)
  t.is(valueOf(lines, 'yumen_tokens_issued_total', 'grant_type="first_party"'), 1)
  const count = 'http_request_duration_seconds_count'
  t.is(valueOf(lines, count, 'route="/auth/login"', 'method="POST"', 'status="2xx"'), 1)
  t.is(valueOf(lines, count, 'route="/auth/login"', 'method="POST"', 'status="4xx"'), 1)
  t.is(valueOf(lines, count, 'route="/oauth/token"', 'status="2xx"'), 1)
  t.true(valueOf(lines, count, 'route="/interaction/:uid/login"')! >= 1)
  t.is(valueOf(lines, count, 'route="/admin/users/:id"', 'status="4xx"'), 1)
  t.is(valueOf(lines, count, 'route="none"', 'status="4xx"'), 2)
  t.is(valueOf(lines, 'yumen_password_queue_length'), 0)
  t.is(valueOf(lines, 'yumen_storage_errors_total', 'part="database"'), 0)
  const redis = fixture.config.REDIS_URL === undefined ? undefined : 0
  t.is(valueOf(lines, 'yumen_storage_errors_total', 'part="redis"'), redis)
  t.is(valueOf(lines, 'yumen_mails', 'state="failed"'), 0)
  t.true(valueOf(lines, 'yumen_mail_oldest_waiting_seconds')! >= 0)
  t.is(valueOf(lines, 'yumen_password_queue_max'), fixture.config.PASSWORD_QUEUE_MAX)
  t.true(valueOf(lines, 'yumen_database_pool_connections', 'state="used"')! >= 0)
  t.true(valueOf(lines, 'yumen_database_pool_max')! >= 1)
  t.is(valueOf(lines, 'yumen_audit_events_dropped_total'), 0)
  t.true(valueOf(lines, 'process_resident_memory_bytes')! > 1e6)
  t.truthy(lines.find((line) => line.startsWith('nodejs_eventloop_lag_p99_seconds')))
  const text = lines.join('\n')
  for (const raw of ['etc/passwd', 'some-id', 'secret', person.id, person.email])
    t.false(text.includes(raw), raw)
})

test('what callers write never becomes a label', async (t) => {
  const fixture = await start(t)
  for (let n = 0; n < 30; n++) {
    await fetch(`${fixture.issuer}/nothing/${n}`)
    await fetch(`${fixture.issuer}/interaction/${n}`)
  }
  for (const method of ['PROPFIND', 'MKCOL', 'SEARCH'])
    await fetch(`${fixture.issuer}/nothing`, { method })
  const { lines } = await metricsOf(fixture)
  const valuesOf = (name: string) => {
    const found = lines.map((line) => new RegExp(`${name}="([^"]*)"`).exec(line)?.[1])
    return [...new Set(found.filter((value) => value !== undefined))].sort()
  }
  t.deepEqual(valuesOf('route'), ['/interaction/:uid', 'none'])
  t.deepEqual(valuesOf('method'), ['GET', 'other'])
  t.deepEqual(valuesOf('status'), ['4xx'])
})

test('a server knows its own requests only', async (t) => {
  const one = await start(t)
  const other = await start(t, { beside: one })
  for (let n = 0; n < 5; n++) await fetch(`${one.issuer}/health/live`)
  const countOf = async (fixture: Fixture) =>
    valueOf(
      (await metricsOf(fixture)).lines,
      'http_request_duration_seconds_count',
      'route="/health/live"',
    )
  t.is(await countOf({ ...one, issuer: `http://localhost:${one.server.port}` }), 5)
  t.is(await countOf({ ...other, issuer: `http://localhost:${other.server.port}` }), undefined)
})

test('in production there are no metrics unless the operator says so', async (t) => {
  const unset = await start(t, { env: production })
  t.is((await metricsOf(unset)).status, 404)
  const off = await start(t, { env: { METRICS: 'off', METRICS_TOKEN: token } })
  t.is((await metricsOf(off, { authorization: `Bearer ${token}` })).status, 404)
  const open = await start(t, { env: { ...production, METRICS: 'open' } })
  t.is((await metricsOf(open)).status, 200)
})

test('where a token is set no one reads metrics without it', async (t) => {
  for (const env of [
    { METRICS_TOKEN: token },
    { METRICS_TOKEN: token, METRICS: 'open' },
    { METRICS_TOKEN: token, METRICS: 'token', ...production },
  ]) {
    const fixture = await start(t, { env })
    const wrong = ['', 'Bearer', `Bearer ${token}x`, `Bearer ${token.slice(1)}`, `Basic ${token}`]
    for (const authorization of wrong) {
      const response = await fetch(`${fixture.issuer}/metrics`, { headers: { authorization } })
      t.is(response.status, 401, authorization)
      t.is(response.headers.get('www-authenticate'), 'Bearer')
      t.false((await response.text()).includes('process_'))
    }
    const { status, lines } = await metricsOf(fixture, { authorization: `Bearer ${token}` })
    t.is(status, 200)
    t.true(lines.some((line) => line.startsWith('process_')))
  }
})

test('metrics are there while the database is away, and count that it is', async (t) => {
  const fixture = await start(t)
  await fixture.storage.close()
  await fetch(`${fixture.issuer}/health/ready`)
  const { status, lines } = await metricsOf(fixture)
  t.is(status, 200)
  t.true(valueOf(lines, 'yumen_storage_errors_total', 'part="database"')! >= 1)
  for (const unknown of ['mails', 'mail_oldest_waiting_seconds', 'sweeper_lag_seconds'])
    t.is(valueOf(lines, `yumen_${unknown} `), undefined, unknown)
})

test('every metric of ours is explained in docs/operate.md', async (t) => {
  const { lines } = await metricsOf(await start(t))
  const names = lines.flatMap((line) => /^# TYPE (yumen_\w+|http_\w+) /.exec(line)?.[1] ?? [])
  t.true(names.length > 10)
  const docs = await readFile('docs/operate.md', 'utf8')
  t.deepEqual(
    names.filter((name) => !docs.includes(`\`${name}\``)),
    [],
  )
})
