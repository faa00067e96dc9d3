/** A journey through the routes: each visit first tries what the document says is refused, then what it says works. */
import type { ExecutionContext } from 'ava'
import type { Contract, Operation } from './document.ts'

export interface Journey {
  /** Calls the route, after all refusals that any route like it has; resolves to the body of the success. */
  visit(name: string, how?: Visit): Promise<Body>
  /** Calls the route for a refusal of its own. */
  /** Only what the document says is refused, in the ways that every route knows. */
  misuse(name: string, how?: Visit): Promise<void>
  refused(name: string, status: number, how?: Visit): Promise<Body>
  /** The answers of the document that were not seen, such as `GET /users/me 200`. */
  missed(): string[]
}

// oxlint-disable-next-line typescript/no-explicit-any -- whatever JSON came; the contract has looked at it
type Body = any

export interface Visit {
  params?: Record<string, string>
  query?: Record<string, string>
  body?: unknown
  token?: string
  headers?: Record<string, string>
}

export interface JourneyParts {
  t: ExecutionContext
  issuer: string
  contract: Contract
  /** An API key without scopes. */
  weakKey: string
}

interface Request extends Visit {
  /** As it goes out, when it is no JSON of `body`. */
  raw?: string
  type?: string
  address?: string
}

export function createJourney({ t, issuer, contract, weakKey }: JourneyParts): Journey {
  const seen = new Set<string>()
  const find = (name: string): Operation => {
    const found = contract.operations.find((operation) => operation.name === name)
    if (!found) throw new Error(`${name} is not in the document`)
    return found
  }

  const call = async (operation: Operation, request: Request, expected?: number): Promise<Body> => {
    const response = await fetch(urlOf(issuer, operation, request), initOf(operation, request))
    const { status, headers } = response
    const text = await response.text()
    const label = `${operation.name} ${expected ?? ''}`
    t.is(contract.complaint(operation, { status, headers, text }), undefined, label)
    if (expected === undefined) t.true(status < 300, `${label} ${status} ${text}`)
    else t.is(status, expected, `${label} ${text}`)
    seen.add(`${operation.name} ${status}`)
    return headers.get('content-type')?.includes('json') ? JSON.parse(text) : undefined
  }

  const misuse: Journey['misuse'] = async (name, how = {}) => {
    const operation = find(name)
    for (const [status, request] of refusalsOf(operation, how, weakKey)) {
      if (operation.statuses.includes(status) && !seen.has(`${name} ${status}`))
        await call(operation, request, status)
    }
  }

  return {
    misuse,
    async visit(name, how = {}) {
      await misuse(name, how)
      return call(find(name), how)
    },
    refused: (name, status, how = {}) => call(find(name), how, status),
    missed: () =>
      contract.operations
        .flatMap(({ name, statuses }) => statuses.map((status) => `${name} ${status}`))
        .filter((one) => !seen.has(one)),
  }
}

/** A sender whose limit the journey has used up. */
export const tiresome = '192.0.2.66'

/** What is wrong with a request like this one in the ways that every route knows, by the status that it then gets. */
function refusalsOf(operation: Operation, how: Visit, weakKey: string): [number, Request][] {
  const named = (value: string) =>
    Object.fromEntries(operation.pathParameters.map((name) => [name, value]))
  const badQuery = Object.fromEntries(
    operation.query
      .filter((name) => ['limit', 'except', 'days'].includes(name))
      .map((name) => [name, '0']),
  )
  return [
    ...(operation.isGuarded ? unwelcome(how, weakKey) : []),
    [404, { ...how, params: named('nothing') }],
    [429, { ...how, address: tiresome }],
    ...(operation.body ? badBodies(how) : []),
    [
      422,
      { ...how, ...(operation.query.length > 0 ? { query: badQuery } : {}), params: named('\0') },
    ],
  ]
}

function unwelcome(how: Visit, weakKey: string): [number, Request][] {
  const { token: _token, headers: _headers, ...stranger } = how
  return [
    [401, stranger],
    [403, { ...stranger, headers: { 'x-api-key': weakKey } }],
  ]
}

const badBodies = (how: Visit): [number, Request][] => [
  [400, { ...how, raw: '{' }],
  [413, { ...how, raw: JSON.stringify({ a: 'x'.repeat(200_000) }) }],
  [415, { ...how, type: 'text/plain' }],
  [422, { ...how, body: [] }],
]

function urlOf(issuer: string, { path }: Operation, { params = {}, query = {} }: Request): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(params[name] ?? ''),
  )
  const search = new URLSearchParams(query).toString()
  return `${issuer}${filled}${search && `?${search}`}`
}

let calls = 0

function initOf({ method }: Operation, request: Request): RequestInit {
  const { body, raw, type = 'application/json', token, headers, address } = request
  const written = raw ?? (body === undefined ? undefined : JSON.stringify(body))
  return {
    method,
    headers: {
      // Everyone comes from elsewhere, so that the limits of an address meet only who tries them.
      'x-forwarded-for': address ?? `10.0.${++calls >> 8}.${calls & 255}`,
      ...(written === undefined ? {} : { 'content-type': type }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(written === undefined ? {} : { body: written }),
  }
}
