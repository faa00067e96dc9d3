import test from 'ava'
import * as oidc from 'openid-client'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { machine, offline, post, signedIn } from './journeys.ts'

interface Health {
  status: string
  version: string
  parts: Record<string, boolean>
  reasons?: Record<string, string>
}

const health = async (issuer: string, path = '/health/ready') => {
  const response = await fetch(`${issuer}${path}`)
  const body = (await response.json()) as Health
  return { status: response.status, cache: response.headers.get('cache-control'), body }
}

onStorages('a healthy server is live and ready, and names its parts', async (t, begin) => {
  const { issuer, config } = await begin()
  const parts = { accepting: true, database: true, writes: true, keys: true, migrations: true }
  for (const path of ['/health', '/health/ready']) {
    const { status, cache, body } = await health(issuer, path)
    t.is(status, 200)
    t.is(cache, 'no-store')
    t.deepEqual(body, {
      status: 'ok',
      version: 'test',
      parts: config.REDIS_URL === undefined ? parts : { ...parts, redis: true },
    })
  }
  t.deepEqual((await health(issuer, '/health/live')).body, { status: 'ok' } as Health)
})

test('without its database a server is live, not ready, and says which part is away', async (t) => {
  const { issuer, storage, addClient } = await start(t)
  const client = await addClient(machine)
  await storage.close()
  const { status, body } = await health(issuer)
  t.is(status, 503)
  t.like(body, { status: 'unavailable', parts: { database: false, migrations: false, keys: true } })
  t.deepEqual(Object.keys(body.reasons ?? {}), ['database', 'writes', 'migrations'])
  t.is((await health(issuer, '/health/live')).status, 200)
  t.is((await fetch(`${issuer}/oauth/jwks`)).status, 200)
  t.is((await fetch(`${issuer}/.well-known/openid-configuration`)).status, 200)

  const token = { grant_type: 'client_credentials' }
  const response = await post(`${issuer}/oauth/token`, client, token)
  t.is(response.status, 503)
  t.is(response.headers.get('retry-after'), '5')
  const text = await response.text()
  t.regex(text, /"code":"busy"/)
  t.notRegex(text, /sql|knex|pool|database/i)
})

test('a well-formed trace id is taken over, everything else is replaced', async (t) => {
  const { issuer, logLines } = await start(t)
  const traceOf = async (headers: Record<string, string>) =>
    (await fetch(`${issuer}/health/live`, { headers })).headers.get('x-trace-id')!
  const id = '4bf92f3577b34da6a3ce929d0e0e4736'

  t.is(await traceOf({ 'x-trace-id': id }), id)
  t.is(await traceOf({ traceparent: `00-${id}-00f067aa0ba902b7-01` }), id)
  for (const odd of ['', 'x', id.toUpperCase(), `${id}0`, id.slice(1), '<script>', 'a b']) {
    const made = await traceOf({ 'x-trace-id': odd })
    t.regex(made, /^[0-9a-f]{32}$/)
    t.not(made, id)
  }
  t.not(await traceOf({}), await traceOf({}))
  t.true(logLines.some((line) => line.includes(id)))
})

test('an error carries the trace id of its header and of its log line', async (t) => {
  const { issuer, logLines } = await start(t)
  const response = await fetch(`${issuer}/nothing`, { headers: { accept: 'application/json' } })
  const id = response.headers.get('x-trace-id')!
  t.is(response.status, 404)
  t.regex(response.headers.get('content-type') ?? '', /^application\/problem\+json/)
  t.like(await response.json(), { status: 404, code: 'not_found', trace_id: id })

  const page = await fetch(`${issuer}/nothing`, { headers: { accept: 'text/html' } })
  t.is(page.status, 404)
  t.true((await page.text()).includes(page.headers.get('x-trace-id')!))
  t.true(logLines.some((line) => line.includes(id) && line.includes('"path":"/nothing"')))
})

test('a request is logged by its path, and nothing that opens a door is in the log', async (t) => {
  const fixture = await start(t)
  const { browser, client, party, person, tokens } = await signedIn(fixture, { request: offline })
  await oidc.refreshTokenGrant(party.config, tokens.refresh_token!)
  await oidc.fetchUserInfo(party.config, tokens.access_token, person.id)
  const cookies = (await browser.jar.getCookies(fixture.issuer)).map(({ value }) => value)
  const log = fixture.logLines.join('')
  t.regex(log, /"path":"\/oauth\/authorize"/)
  for (const secret of [
    person.password,
    client.secret!,
    tokens.access_token,
    tokens.refresh_token!,
    tokens.id_token!,
    ...cookies,
  ]) {
    t.false(log.includes(secret))
  }
})

test('a problem document speaks the language of the request', async (t) => {
  const { issuer } = await start(t)
  const response = await fetch(`${issuer}/nothing`, {
    headers: { accept: 'application/json', 'accept-language': 'zh-CN' },
  })
  const problem = (await response.json()) as { title: string; detail: string; code: string }
  t.regex(problem.title, /[\u4E00-\u9FFF]/)
  t.regex(problem.detail, /[\u4E00-\u9FFF]/)
  t.is(problem.code, 'not_found')
})
