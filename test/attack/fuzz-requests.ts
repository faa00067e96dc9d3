import * as fc from 'fast-check'
import { bodies } from '../api/bodies.ts'
import type { Operation } from '../api/document.ts'
import { routes } from '../security/routes.ts'

/** A request as it is generated and shrunk: everything that varies, and nothing that the server has given. */
export interface Wild {
  name: string
  method: string
  path: string
  /** Where the document has it. */
  operation: Operation | undefined
  /** In place of the parameters of the path, one after the other. */
  params: string[]
  query: [string, string][]
  body: WildBody
  headers: Record<string, string>
  as: 'nobody' | 'person' | 'administrator' | 'key' | 'client' | 'browser'
}

export type WildBody =
  { kind: 'none' } | { kind: 'text'; text: string } | { kind: 'form'; fields: [string, string][] }

/** What parsers, schemas, databases and templates have choked on. */
const nastyTexts = [
  '',
  '\0',
  'a\0b',
  '\ud800',
  '\u202e\u200b\ufeff',
  'é',
  '🙂'.repeat(200),
  'x'.repeat(5000),
  "' OR 1=1; -- <%= 1 %> ${1} {{1}} %s \\",
  '../../../etc/passwd',
  '%00',
  '-1',
  '1e309',
  '9007199254740993',
  '2026-13-45T99:99:99Z',
  'javascript:alert(1)',
  'https://evil.example/',
  '__proto__',
  'constructor',
]

const text = fc.oneof(
  fc.constantFrom(...nastyTexts),
  fc.string({ maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.emailAddress(),
  fc.uuid(),
)

/** JSON as it goes out: an object cannot be told to write `__proto__` or a number past its range. */
const json = fc.oneof(
  text.map((one) => JSON.stringify(one)),
  fc.json({ maxDepth: 4 }),
  fc.constantFrom(
    '1e999',
    '-0',
    '9007199254740993',
    '{"__proto__":{"a":1}}',
    '{"constructor":{"prototype":{"a":1}}}',
    '{"then":1,"toString":null,"length":-1}',
    `${'['.repeat(2000)}${']'.repeat(2000)}`,
    `[${'0,'.repeat(5000)}0]`,
  ),
)

/** The valid body with up to three members replaced, left out or added; or no such body at all. */
function bodyOf({ name, body }: Operation): fc.Arbitrary<WildBody> {
  if (body === undefined) return fc.constant({ kind: 'none' })
  const names = Object.keys(bodies[name]!())
  const member = fc.oneof(fc.constantFrom(...names, '__proto__', 'id'), text)
  const changes = fc.array(fc.tuple(member, fc.option(json)), { maxLength: 3 })
  const changed = changes.map((list) => {
    const members = new Map(
      Object.entries(bodies[name]!()).map(([key, value]) => [key, JSON.stringify(value)]),
    )
    for (const [key, value] of list) {
      if (value === null) members.delete(key)
      else members.set(key, value)
    }
    const written = [...members].map(([key, value]) => `${JSON.stringify(key)}:${value}`)
    return `{${written.join(',')}}`
  })
  return fc
    .oneof({ weight: 8, arbitrary: changed }, json, text)
    .map((one) => ({ kind: 'text', text: one }))
}

const printable = fc
  .string({ maxLength: 40 })
  .map((one) => one.replaceAll(/[^\x20-\x7e]/g, '').trim())

const headers = fc.dictionary(
  fc.constantFrom('accept', 'accept-language', 'content-type', 'origin', 'cookie', 'dpop', 'range'),
  fc.oneof(printable, fc.constantFrom('text/html', 'application/json', '*/*', 'zh-CN', 'a=b')),
  { maxKeys: 2 },
)

const param = (known: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...known) }, text)

const operationOf = (operation: Operation, known: readonly string[]): fc.Arbitrary<Wild> =>
  fc.record({
    name: fc.constant(operation.name),
    method: fc.constant(operation.method),
    path: fc.constant(operation.path),
    operation: fc.constant(operation),
    params: fc.array(param(known), {
      minLength: operation.pathParameters.length,
      maxLength: operation.pathParameters.length,
    }),
    query: fc.array(fc.tuple(fc.constantFrom(...operation.query, 'x', 'limit'), text), {
      maxLength: 2,
    }),
    body: bodyOf(operation),
    headers,
    as: fc.constantFrom('administrator', 'administrator', 'person', 'key', 'client', 'nobody'),
  })

/** Names that the pages and the OAuth endpoints know. */
const fieldNames =
  'client_id redirect_uri response_type scope state nonce prompt max_age ui_locales login_hint acr_values claims request request_uri code_challenge code_challenge_method resource grant_type code code_verifier refresh_token token token_type_hint device_code user_code subject_token subject_token_type requested_token_type client_assertion client_assertion_type id_token_hint post_logout_redirect_uri csrf identifier email password nickname provider lang xsrf logout'.split(
    ' ',
  )

const routeOf = (
  { method, path }: { method: string; path: string },
  known: readonly string[],
): fc.Arbitrary<Wild> => {
  const pairs = fc.array(fc.tuple(fc.constantFrom(...fieldNames), param(known)), { maxLength: 8 })
  return fc.record({
    name: fc.constant(`${method} ${path}`),
    method: fc.constant(method),
    path: fc.constant(path),
    operation: fc.constant(undefined),
    params: fc.constant([]),
    query: method === 'GET' ? pairs : fc.constant([]),
    body:
      method === 'GET'
        ? fc.constant({ kind: 'none' } as const)
        : pairs.map((fields): WildBody => ({ kind: 'form', fields })),
    headers,
    as: fc.constantFrom('nobody', 'client', 'browser'),
  })
}

/** Any request to any route of the document and of the pages; `known` are values that the server knows. */
export const wildRequests = (
  operations: readonly Operation[],
  known: readonly string[],
): fc.Arbitrary<Wild> =>
  fc.oneof(
    ...operations.map((operation) => operationOf(operation, known)),
    ...routes
      .filter(({ path }) => !path.startsWith('/assets'))
      .map((route) => routeOf(route, known)),
  )
