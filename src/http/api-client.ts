import type { z } from 'zod'
import { AppError } from '#lib/app-error.ts'
import { parse } from './api-input.ts'
import { authorize, type ApiRoute, type Caller, type RequestFacts } from './api.ts'

/**
 * The JSON API from within the process, for our own pages: the same table, so a page can do what its person could do by
 * the API and nothing else, with the same checks of scopes and input and the same lines in the audit log.
 */
export interface ApiClient {
  /**
   * Resolves to what the route answers; rejects with the AppError that it would answer. `answer` is the schema of the
   * route's answer, which says what comes back; another one is a mistake of ours.
   */
  get<S extends z.ZodType>(path: string, answer: S, query?: Query): Promise<z.output<S>>
  post(path: string, body?: object): Promise<unknown>
  post<S extends z.ZodType>(path: string, body: object, answer: S): Promise<z.output<S>>
  put(path: string, body: object): Promise<unknown>
  put<S extends z.ZodType>(path: string, body: object, answer: S): Promise<z.output<S>>
  patch(path: string, body: object): Promise<unknown>
  delete(path: string, query?: Query): Promise<unknown>
  delete<S extends z.ZodType>(path: string, query: Query, answer: S): Promise<z.output<S>>
}

type Query = Record<string, string | undefined>

export type CallApi = (caller: Caller, request: RequestFacts) => ApiClient

interface Input {
  body?: object | undefined
  query?: Query | undefined
  answer?: z.ZodType | undefined
}

export function createCallApi(
  table: readonly ApiRoute[],
  /** Counts a call of a limited route; rejects with 429 when it was one too many. */
  limit: (address: string) => Promise<unknown>,
): CallApi {
  const known = table.map((route) => ({ route, pattern: patternOf(route.path) }))

  return (caller, request) => {
    const call =
      (method: ApiRoute['method']) =>
      async (path: string, { body, query = {}, answer }: Input) => {
        const found = known.find(
          ({ route, pattern }) => route.method === method && pattern.test(path),
        )
        if (!found) throw new AppError('not_found')
        const { route, pattern } = found
        if (answer && route.answer.schema !== answer)
          throw new Error(`${method} ${route.path} answers with another schema`)
        authorize(route.access, caller)
        if (route.isLimited) await limit(request.address)
        return route.handle({
          body: route.body && parse(route.body, body ?? {}, 'body'),
          query: route.query && parse(route.query, withoutAbsent(query), 'query'),
          params: route.params && parse(route.params, paramsOf(pattern, path), 'path'),
          caller,
          request,
          credential: undefined,
        })
      }
    const get = call('get')
    const post = call('post')
    const put = call('put')
    const patch = call('patch')
    const remove = call('delete')
    return {
      get: (path: string, answer: z.ZodType, query?: Query) => get(path, { query, answer }),
      post: (path: string, body?: object, answer?: z.ZodType) => post(path, { body, answer }),
      put: (path: string, body: object, answer?: z.ZodType) => put(path, { body, answer }),
      patch: (path: string, body: object) => patch(path, { body }),
      delete: (path: string, query?: Query, answer?: z.ZodType) => remove(path, { query, answer }),
    } as ApiClient
  }
}

/** An address in the API: what stands in `${…}` is one segment, whatever it holds. */
export const at = (words: TemplateStringsArray, ...values: (string | undefined)[]): string =>
  String.raw(words, ...values.map((value) => encodeURIComponent(value ?? '')))

/** `/users/:id` → a pattern with a group `id`. */
const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replaceAll(/:(\w+)/g, '(?<$1>[^/]+)')}$`)

function paramsOf(pattern: RegExp, path: string): Record<string, string> {
  const groups = Object.entries(pattern.exec(path)?.groups ?? {})
  return Object.fromEntries(groups.map(([name, value]) => [name, decodeURIComponent(value)]))
}

const withoutAbsent = (query: Query): Record<string, string> =>
  Object.fromEntries(
    Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1])),
  )
