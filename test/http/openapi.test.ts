import test from 'ava'
import { z } from 'zod'
import { route, text, type ApiRoute } from '#http/api.ts'
import { createOpenApi } from '#http/openapi.ts'

const thing = z
  .object({ id: z.string(), size: z.int().default(1), made_at: z.iso.datetime() })
  .meta({ id: 'Thing' })
const nested = z.object({ value: z.json() })

const handle = async () => undefined
const table: ApiRoute[] = [
  route({
    method: 'get',
    path: '/things',
    tag: 'things',
    access: 'user',
    summary: 'Things.',
    query: z.object({
      limit: z.coerce.number().int().min(1).max(100).default(50).describe('How many.'),
      q: text(20),
    }),
    answer: { status: 200, description: 'A page.', schema: z.object({ things: z.array(thing) }) },
    handle,
  }),
  route({
    method: 'put',
    path: '/things/:id/parts/:part_id',
    tag: 'things',
    access: { scope: 'things:write' },
    summary: 'Change a part.',
    params: z.object({ id: text(64).describe('Which.'), part_id: text(64) }),
    body: thing,
    answer: { status: 204, description: 'Done.' },
    problems: ['in_use'],
    handle,
  }),
  route({
    method: 'post',
    path: '/things/:id/check',
    tag: 'checks',
    access: 'client',
    summary: 'Check.',
    body: nested.partial(),
    answer: { status: 200, description: 'It.', schema: nested },
    handle,
  }),
  route({
    method: 'post',
    path: '/login',
    tag: 'auth',
    access: 'anyone',
    isLimited: true,
    acceptsForm: true,
    summary: 'Sign in.',
    body: z.object({ password: text(10) }),
    answer: { status: 200, description: 'A picture.', contentType: 'image/png' },
    problems: ['invalid_credentials'],
    handle,
  }),
]

// oxlint-disable-next-line typescript/no-explicit-any -- a document to look around in
type Loose = any
const documentOf = (routes: readonly ApiRoute[]): Loose =>
  createOpenApi(routes, { issuer: 'https://id.example', version: '1.2.3' })

/** Every `$ref` in the document. */
function refsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, one]) =>
    key === '$ref' && typeof one === 'string' ? [one] : refsIn(one),
  )
}

const resolve = (document: object, ref: string): unknown =>
  ref
    .slice(2)
    .split('/')
    .reduce<Loose>((at, step) => at?.[step], document)

test('the document says its version, where the API is, and where discovery is', (t) => {
  const document = documentOf(table)
  t.is(document.openapi, '3.1.0')
  t.is(document.info.version, '1.2.3')
  t.deepEqual(
    document.servers.map(({ url }: { url: string }) => url),
    ['https://id.example', 'https://id.example/api/v1'],
  )
  t.is(document.externalDocs.url, 'https://id.example/.well-known/openid-configuration')
  t.deepEqual(document.tags, [{ name: 'things' }, { name: 'checks' }, { name: 'auth' }])
})

test('every route is there once, with an id of its own', (t) => {
  const document = documentOf(table)
  const operations = Object.entries<Loose>(document.paths).flatMap(([path, methods]) =>
    Object.entries<Loose>(methods).map(([method, { operationId }]) => [method, path, operationId]),
  )
  t.deepEqual(operations, [
    ['get', '/things', 'getThings'],
    ['put', '/things/{id}/parts/{part_id}', 'putThingsByIdPartsByPartId'],
    ['post', '/things/{id}/check', 'postThingsByIdCheck'],
    ['post', '/login', 'postLogin'],
  ])
})

test('every reference leads somewhere', (t) => {
  const document = documentOf(table)
  const refs = refsIn(document)
  t.true(refs.length > 10)
  for (const ref of refs) {
    t.true(ref.startsWith('#/components/'), ref)
    t.truthy(resolve(document, ref), ref)
  }
})

test('parameters of path and query are named, with what is required and what they mean', (t) => {
  const { paths } = documentOf(table)
  const [limit, q] = paths['/things'].get.parameters
  t.deepEqual(limit, {
    name: 'limit',
    in: 'query',
    required: false,
    description: 'How many.',
    schema: { type: 'integer', minimum: 1, maximum: 100, default: 50 },
  })
  t.like(q, { name: 'q', in: 'query', required: true, schema: { type: 'string', maxLength: 20 } })
  const inPath = paths['/things/{id}/parts/{part_id}'].put.parameters
  t.deepEqual(
    inPath.map(({ name, in: where, required }: Loose) => [name, where, required]),
    [
      ['id', 'path', true],
      ['part_id', 'path', true],
    ],
  )
  t.like(paths['/things/{id}/check'].post.parameters[0], { name: 'id', schema: { type: 'string' } })
})

test('a body may leave out what has a default, an answer never does', (t) => {
  const { schemas } = documentOf(table).components
  t.deepEqual(schemas.Thing.required, ['id', 'size', 'made_at'])
  t.deepEqual(schemas.ThingInput.required, ['id', 'made_at'])
  t.deepEqual(schemas.Thing.properties.made_at, { type: 'string', format: 'date-time' })
})

test('two schemas of one name are refused', (t) => {
  const [first] = table as [ApiRoute]
  const other = {
    ...first,
    path: '/others',
    answer: { ...first.answer, schema: z.object({ a: z.string() }).meta({ id: 'Thing2' }) },
  }
  z.globalRegistry.add(other.answer.schema, { id: 'Thing' })
  t.throws(() => documentOf([first, other]), { message: /Thing/ })
})

test('a body says whether it is needed and in which forms it may come', (t) => {
  const { paths } = documentOf(table)
  t.true(paths['/login'].post.requestBody.required)
  t.deepEqual(Object.keys(paths['/login'].post.requestBody.content), [
    'application/json',
    'application/x-www-form-urlencoded',
  ])
  t.false(paths['/things/{id}/check'].post.requestBody.required)
  t.is(paths['/things'].get.requestBody, undefined)
})

test('the answer has the type of the route, and none without a body', (t) => {
  const { paths } = documentOf(table)
  t.deepEqual(Object.keys(paths['/login'].post.responses[200].content), ['image/png'])
  t.is(paths['/things/{id}/parts/{part_id}'].put.responses[204].content, undefined)
})

test('the problems of a route are the usual ones of its kind and its own', (t) => {
  const { paths, components } = documentOf(table)
  const statuses = (path: string, method: string): number[] =>
    Object.keys(paths[path][method].responses).map(Number)
  t.deepEqual(statuses('/things', 'get'), [200, 401, 403, 422, 503])
  t.deepEqual(
    statuses('/things/{id}/parts/{part_id}', 'put'),
    [204, 400, 401, 403, 404, 409, 413, 415, 422, 503],
  )
  t.deepEqual(statuses('/things/{id}/check', 'post'), [200, 400, 401, 403, 404, 413, 415, 422, 503])
  t.deepEqual(statuses('/login', 'post'), [200, 400, 401, 413, 415, 422, 429, 503])
  t.regex(paths['/login'].post.responses[401].description, /^`invalid_credentials`: wrong password/)
  t.truthy(components.responses[429].headers['Retry-After'])
  t.true(components.schemas.Problem.required.includes('trace_id'))
})

test('who may call is said by security schemes, with the scope', (t) => {
  const { paths, components } = documentOf(table)
  t.deepEqual(paths['/things'].get.security, [{ bearer: [] }, { apiKey: [] }])
  t.deepEqual(paths['/things/{id}/parts/{part_id}'].put.security, [
    { bearer: ['things:write'] },
    { apiKey: ['things:write'] },
  ])
  t.deepEqual(paths['/things/{id}/check'].post.security, [{ client: [] }, { apiKey: [] }])
  t.deepEqual(paths['/login'].post.security, [])
  t.like(components.securitySchemes, {
    bearer: { type: 'http', scheme: 'bearer' },
    apiKey: { type: 'apiKey', name: 'X-API-Key', in: 'header' },
    client: { type: 'http', scheme: 'basic' },
  })
})
