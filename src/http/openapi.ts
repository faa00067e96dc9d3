import { z } from 'zod'
import { errorCatalogue, type ErrorCode } from '#lib/error-catalogue.ts'
import type { Access, ApiRoute, RouteProblem } from './api.ts'
import {
  headerComponents,
  problemResponse,
  problemSchema,
  securitySchemes,
  traceHeader,
  usualCodes,
  usualResponses,
  type Json,
} from './openapi-components.ts'

/**
 * The OpenAPI 3.1 document of the sidecar JSON API, from the table that the router is made from. The standard OAuth
 * endpoints are not in it: they describe themselves by discovery, to which it links.
 */
export interface OpenApiDocument {
  openapi: string
  info: Json
  externalDocs: Json
  servers: Json[]
  tags: { name: string }[]
  paths: Record<string, Record<string, Json>>
  components: { schemas: Record<string, Json> } & Json
}

export interface OpenApiFacts {
  issuer: string
  version: string
}

export function createOpenApi(
  table: readonly ApiRoute[],
  { issuer, version }: OpenApiFacts,
): OpenApiDocument {
  const components = createComponents()
  const paths: OpenApiDocument['paths'] = {}
  for (const one of table) {
    const path = one.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [one.method]: operationOf(one, components) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Yumen JSON API',
      version,
      description:
        'For first-party applications. Third-party applications use OAuth 2.0 and OpenID Connect; see the discovery document for its endpoints.',
    },
    externalDocs: {
      url: `${issuer}/.well-known/openid-configuration`,
      description: 'Discovery: the standard OAuth 2.0 and OpenID Connect endpoints',
    },
    servers: [{ url: issuer }, { url: `${issuer}/api/v1` }],
    tags: [...new Set(table.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: { ...components.schemas, Problem: problemSchema },
      responses: usualResponses,
      headers: headerComponents,
      securitySchemes,
    },
  }
}

interface Components {
  schemas: Record<string, Json>
  /** The schema as JSON, its named parts moved to the components. */
  toJson(schema: z.ZodType, io: Io): Json
}

/** What callers send, or what they get. */
type Io = 'input' | 'output'

/** Named schemas are those with `.meta({ id })`; zod names those that contain themselves. */
function createComponents(): Components {
  const schemas: Record<string, Json> = {}
  const given = new Map<string, { written: string; kinds: Set<Io> }>()

  const nameOf = (id: string, io: Io, written: string): string => {
    const isRecursive = id.startsWith('__')
    // What a body may leave out an answer always has: then they are two components.
    const candidates = isRecursive
      ? Array.from({ length: 50 }, (_, index) => `Recursive${index + 1}`)
      : [id, id + (io === 'input' ? 'Input' : 'Output')]
    for (const name of candidates) {
      const known = given.get(name) ?? { written, kinds: new Set() }
      if (known.written === written) {
        given.set(name, { written, kinds: known.kinds.add(io) })
        return name
      }
      if (known.kinds.has(io) && !isRecursive) break
    }
    throw new Error(`two schemas have the id ${id}`)
  }

  return {
    schemas,
    toJson(schema, io) {
      const {
        $defs,
        $schema: _,
        ...own
      } = z.toJSONSchema(schema, {
        io,
        unrepresentable: 'any',
        override: ({ jsonSchema }) => {
          // The format says it; the pattern only shows how zod checks it.
          if (jsonSchema.format !== undefined) delete jsonSchema.pattern
        },
      }) as Json & { $defs?: Record<string, Json> }
      const names = new Map(
        Object.entries($defs ?? {}).map(([id, one]) => [id, nameOf(id, io, JSON.stringify(one))]),
      )
      const moved = (value: unknown): unknown => withRefs(value, names)
      for (const [id, one] of Object.entries($defs ?? {})) {
        const { id: _id, ...rest } = one
        schemas[names.get(id)!] = moved(rest) as Json
      }
      return moved(own) as Json
    },
  }
}

function withRefs(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((one) => withRefs(one, names))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      key === '$ref' && typeof one === 'string'
        ? one.replace(/^#\/\$defs\/(.+)$/, (_, id) => `#/components/schemas/${names.get(id)}`)
        : withRefs(one, names),
    ]),
  )
}

function operationOf(one: ApiRoute, components: Components): Json {
  const parameters = [
    ...parametersOf(one, 'path', components),
    ...parametersOf(one, 'query', components),
  ]
  return {
    operationId: operationIdOf(one),
    tags: [one.tag],
    summary: one.summary,
    security: securityOf(one.access),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(one.body ? { requestBody: requestBodyOf(one.body, one, components) } : {}),
    responses: responsesOf(one, components),
  }
}

/** `GET /admin/users/:id` → `getAdminUsersById`. */
const operationIdOf = ({ method, path }: ApiRoute): string =>
  method +
  path
    .replaceAll(':', 'by-')
    .split(/[^a-zA-Z0-9]+/)
    .filter(Boolean)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')

function parametersOf(one: ApiRoute, where: 'path' | 'query', components: Components): Json[] {
  const schema = where === 'path' ? one.params : one.query
  const json = schema ? components.toJson(schema, 'input') : {}
  const properties = (json['properties'] ?? {}) as Record<string, Json>
  const required = (json['required'] ?? []) as string[]
  const inPath = [...one.path.matchAll(/:(\w+)/g)].map(([, name = '']) => name)
  const names = where === 'path' ? inPath : Object.keys(properties)
  return names.map((name) => {
    const { description, ...type } = properties[name] ?? { type: 'string' }
    return {
      name,
      in: where,
      required: where === 'path' || required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: type,
    }
  })
}

function requestBodyOf(body: z.ZodType, { acceptsForm }: ApiRoute, components: Components): Json {
  const schema = components.toJson(body, 'input')
  return {
    required: !body.safeParse({}).success,
    content: {
      'application/json': { schema },
      ...(acceptsForm ? { 'application/x-www-form-urlencoded': { schema } } : {}),
    },
  }
}

function responsesOf(one: ApiRoute, components: Components): Json {
  const { status, description, schema, contentType = 'application/json' } = one.answer
  const hasBody = schema !== undefined || one.answer.contentType !== undefined
  const success = {
    description,
    headers: traceHeader,
    ...(hasBody
      ? {
          content: { [contentType]: schema ? { schema: components.toJson(schema, 'output') } : {} },
        }
      : {}),
  }
  const usual = new Set(usualStatuses(one))
  const own = Map.groupBy((one.problems ?? []).map(statusAndCode), ([problem]) => problem)
  const problems = [...new Set([...usual, ...own.keys()])].map((problem) => {
    const codes = own.get(problem)?.map(([, code]) => code)
    if (!codes) return [problem, { $ref: `#/components/responses/${problem}` }]
    const others = usual.has(problem) ? (usualCodes[problem] ?? []) : []
    return [problem, problemResponse(problem, [...new Set([...codes, ...others])])]
  })
  return Object.fromEntries([[status, success], ...problems]) as Json
}

const statusAndCode = (problem: RouteProblem): readonly [number, ErrorCode] =>
  typeof problem === 'string' ? [errorCatalogue[problem].status, problem] : problem

/** The statuses that `api.ts` and the storage can add to any route like this one. */
function usualStatuses({ access, path, body, query, params, isLimited }: ApiRoute): number[] {
  return [
    ...(body ? [400, 413, 415] : []),
    ...(access === 'anyone' ? [] : [401, 403]),
    ...(path.includes(':') ? [404] : []),
    ...(body || query || params ? [422] : []),
    ...(isLimited ? [429] : []),
    503,
  ].toSorted((a, b) => a - b)
}

/** For a bearer token or key the array says which scope it needs (OpenAPI 3.1, Security Requirement Object). */
function securityOf(access: Access): Json[] {
  if (access === 'anyone') return []
  if (access === 'client') return [{ client: [] }, { apiKey: [] }]
  const scopes = access === 'user' ? [] : [access.scope]
  return [{ bearer: scopes }, { apiKey: scopes }]
}
