import test, { type ExecutionContext } from 'ava'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { newSecret } from '#lib/ids.ts'
import { openCollector, plain, type CollectedSpan } from '../support/collector.ts'
import { openDatabase } from '../support/databases.ts'
import { freePort } from '../support/free-port.ts'
import { storages } from '../support/storages.ts'
import { folderFor, startYumen, untilReady, type YumenProcess } from './process.ts'

const wechat = { WECHAT_APP_ID: 'wx0123456789abcdef', WECHAT_APP_SECRET: newSecret(16) }
const openid = newSecret(16)
const caller = { trace: '4bf92f3577b34da6a3ce929d0e0e4736', span: '00f067aa0ba902b7' }

/** WeChat's server, as far as a first sign-in needs it; collects the `traceparent` of every request. */
async function openWechat(t: ExecutionContext) {
  const traceparents: unknown[] = []
  const server = createServer((req, res) => {
    traceparents.push(req.headers['traceparent'])
    res.end(JSON.stringify({ openid, session_key: 'AAAAAAAAAAAAAAAAAAAAAA==' }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, traceparents }
}

/** Makes requests of several kinds; resolves to every value that no span may contain. */
async function useServer(t: ExecutionContext, { origin }: YumenProcess): Promise<string[]> {
  const post = (path: string, body: Record<string, string>, headers = {}) =>
    fetch(`${origin}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  const [email, password] = [`${newSecret(8)}@example.com`, newSecret(12)]
  const [code, query] = [newSecret(16), newSecret(16)]
  t.is((await post('/auth/register', { email, password })).status, 201)
  await post('/auth/register', { email, password })
  const traceparent = `00-${caller.trace}-${caller.span}-01`
  const login = await post(`/auth/login?secret=${query}`, { email, password }, { traceparent })
  t.is(login.headers.get('x-trace-id'), caller.trace)
  const { access_token: token, user } = (await login.json()) as {
    access_token: string
    user: { id: string }
  }
  t.is((await post('/auth/wechat-login', { code })).status, 200)
  const headers = { authorization: `Bearer ${token}` }
  await fetch(`${origin}/admin/users/${user.id}`, { headers })
  await fetch(`${origin}/nothing/${query}`)
  return [email, password, query, token, user.id, code, openid, wechat.WECHAT_APP_SECRET]
}

async function stop(t: ExecutionContext, yumen: YumenProcess): Promise<void> {
  yumen.signal('SIGTERM')
  t.is(await yumen.ended, 0)
}

const chosen = storages.filter(({ database, redis }) => redis === (database === 'postgres'))

for (const { name, missing, database = 'sqlite', redis } of chosen) {
  const title = `${name}: a collector gets spans of requests, statements, commands and fetches, and no secret`
  if (missing) test.skip(`${title} (needs ${missing})`, () => {})
  else
    test.serial(title, async (t) => {
      const [collector, api] = [await openCollector(t), await openWechat(t)]
      const collectorKey = newSecret(16)
      const yumen = await startYumen(t, {
        NODE_ENV: 'test',
        DATA_DIR: await folderFor(t),
        DATABASE_URL: (await openDatabase(t, database, { tables: 'present' })).url,
        ...(redis && {
          REDIS_URL: process.env['TEST_REDIS_URL']!,
          REDIS_PREFIX: `t-${newSecret(6)}:`,
        }),
        WECHAT_API_BASE_URL: api.url,
        ...wechat,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_HEADERS: `x-key=${collectorKey}`,
      })
      await untilReady(yumen)
      const secrets = await useServer(t, yumen)
      await stop(t, yumen)

      const spans = collector.spans()
      const find = (wanted: string): CollectedSpan => {
        const found = spans.find((span) => span.name === wanted)
        if (!found) throw new Error(`no span ${wanted} in ${spans.map((one) => one.name).join()}`)
        return found
      }
      const signIn = find('POST /auth/login')
      t.like(signIn, { traceId: caller.trace, parentSpanId: caller.span, kind: 2 })
      t.like(signIn.attributes, { 'http.route': '/auth/login', 'http.response.status_code': 200 })
      const steps = spans.filter(({ parentSpanId }) => parentSpanId === signIn.spanId)
      t.true(steps.every(({ traceId, kind }) => traceId === caller.trace && kind === 3))
      const texts = steps.map(({ attributes }) => String(attributes['db.query.text']))
      t.true(texts.some((text) => text.startsWith('SELECT') && text.includes('= ?')))
      const commands = steps.filter(({ attributes }) => attributes['db.system.name'] === 'redis')
      t.is(
        commands.some((command) => command.name === 'limitHit'),
        Boolean(redis),
      )

      t.is(find('GET /admin/users/:id').attributes['http.response.status_code'], 403)
      t.is(find('GET').attributes['http.route'], undefined, 'no route, no path')
      const taken = spans.find((span) => span.name === 'INSERT' && span.status.code === 2)
      t.regex(String(taken?.attributes['error.type']), /^[A-Za-z]*Error$/i)
      const call = spans.find((span) => span.attributes['server.address'] === '127.0.0.1')!
      t.like(call, { parentSpanId: find('POST /auth/wechat-login').spanId, kind: 3 })
      t.deepEqual(api.traceparents, [`00-${call.traceId}-${call.spanId}-01`])
      const roots = spans.filter((span) => !span.parentSpanId)
      t.true(
        roots.length > 0 && roots.every((span) => span.kind === 2),
        'background jobs are not traced',
      )

      for (const one of collector.exports) {
        t.is(one.path, '/v1/traces')
        t.is(one.headers['x-key'], collectorKey)
        t.like(plain(one.body.resourceSpans[0]!.resource.attributes), { 'service.name': 'yumen' })
      }
      const text = JSON.stringify(collector.exports.map(({ body }) => body))
      for (const secret of secrets) t.false(text.includes(secret), secret)
    })
}

test.serial(
  'with a share of 0 only requests whose traceparent asks for it are recorded',
  async (t) => {
    const collector = await openCollector(t)
    const yumen = await startYumen(t, {
      NODE_ENV: 'test',
      DATA_DIR: await folderFor(t),
      OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
      OTEL_TRACES_SAMPLER_ARG: '0',
    })
    await untilReady(yumen)
    const sampled = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` }
    for (const headers of [{}, sampled]) await fetch(`${yumen.origin}/oauth/jwks`, { headers })
    await stop(t, yumen)
    const traces = new Set(collector.spans().map(({ traceId }) => traceId))
    t.deepEqual([...traces], ['a'.repeat(32)])
  },
)

test.serial('a server whose collector is away serves, warns once, and stops in time', async (t) => {
  const yumen = await startYumen(t, {
    NODE_ENV: 'test',
    DATA_DIR: await folderFor(t),
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
  })
  await untilReady(yumen)
  t.is((await fetch(`${yumen.origin}/oauth/jwks`)).status, 200)
  await stop(t, yumen)
  t.is(yumen.output().split('traces are not delivered').length, 2, yumen.output())
})
