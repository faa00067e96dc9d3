/** The OpenAPI document as the tests read it: the routes that it has, and whether an answer is as it says. */
import { z } from 'zod'

type Json = { [name: string]: unknown }

export interface Operation {
  /** Such as `PATCH /admin/users/{id}`. */
  name: string
  method: string
  path: string
  /** The scope that the caller needs; undefined when there is none. */
  scope: string | undefined
  /** Whether the caller must bring something. */
  isGuarded: boolean
  pathParameters: string[]
  query: string[]
  body: Json | undefined
  /** The statuses that it may answer. */
  statuses: number[]
}

export interface Contract {
  operations: Operation[]
  /** What is wrong with the answer; undefined when it is as the document says. */
  complaint(operation: Operation, answer: RawAnswer): string | undefined
}

export interface RawAnswer {
  status: number
  headers: Headers
  text: string
}

interface Described {
  security?: Record<string, string[]>[]
  parameters?: { name: string; in: string }[]
  requestBody?: { content: Record<string, { schema: Json }> }
  responses: Record<string, Json>
}

interface Document {
  paths: Record<string, Record<string, Described>>
  components: { schemas: Json; responses: Record<string, Json> }
}

export async function readContract(issuer: string): Promise<Contract> {
  const document = (await (await fetch(`${issuer}/openapi.json`)).json()) as Document
  const described = new Map<string, Described>()
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, one]) => {
      const operation = operationOf(method.toUpperCase(), path, one)
      described.set(operation.name, one)
      return operation
    }),
  )
  const schemaOf = memoized((written: string) =>
    z.fromJSONSchema({
      ...(JSON.parse(withLocalRefs(written)) as Json),
      $defs: JSON.parse(withLocalRefs(JSON.stringify(document.components.schemas))) as Json,
    } as never),
  )
  return {
    operations,
    complaint({ name }, { status, headers, text }) {
      const said = responseOf(document, described.get(name)!.responses[status])
      if (!said) return `${status} is not in the document: ${text.slice(0, 300)}`
      if (!headers.get('x-trace-id')) return 'no trace id'
      const [[type, { schema }] = [undefined, {}]] = Object.entries(
        (said['content'] ?? {}) as Record<string, { schema?: Json }>,
      )
      if (type === undefined) return text === '' ? undefined : `a body with ${status}`
      const given = headers.get('content-type')?.split(';')[0]
      if (type === 'image/*') return given?.startsWith('image/') ? undefined : `${given}`
      if (given !== type) return `${given} and not ${type}`
      const parsed = schemaOf(JSON.stringify(schema)).safeParse(JSON.parse(text))
      return parsed.success
        ? undefined
        : `${z.prettifyError(parsed.error)} in ${text.slice(0, 500)}`
    },
  }
}

function operationOf(method: string, path: string, one: Described): Operation {
  const [security] = one.security ?? []
  const namesIn = (where: string): string[] =>
    (one.parameters ?? []).filter((parameter) => parameter.in === where).map(({ name }) => name)
  return {
    name: `${method} ${path}`,
    method,
    path,
    scope: security?.['bearer']?.[0],
    isGuarded: security !== undefined,
    pathParameters: namesIn('path'),
    query: namesIn('query'),
    body: one.requestBody?.content['application/json']?.schema,
    statuses: Object.keys(one.responses).map(Number),
  }
}

/** zod reads references within one schema only. */
const withLocalRefs = (written: string): string =>
  written.replaceAll('"#/components/schemas/', '"#/$defs/')

function responseOf({ components }: Document, response: Json | undefined): Json | undefined {
  const name = /^#\/components\/responses\/(\d+)$/.exec(String(response?.['$ref']))?.[1]
  return name === undefined ? response : components.responses[name]
}

function memoized<T>(make: (key: string) => T): (key: string) => T {
  const made = new Map<string, T>()
  return (key) => {
    if (!made.has(key)) made.set(key, make(key))
    return made.get(key)!
  }
}
