import { AppError } from '#lib/app-error.ts'
import { parse } from './api-input.ts'
import { authorize, type ApiRoute, type Caller, type RequestFacts } from './api.ts'

/**
 * The JSON API from within the process, for our own pages: the same table, so a page can do what its person could do by
 * the API and nothing else, with the same checks of scopes and input and the same lines in the audit log.
 */
export interface ApiClient {
  /** Resolves to what the route answers; rejects with the AppError that it would answer. */
  get<T>(path: string, query?: Record<string, string | undefined>): Promise<T>
  post<T>(path: string, body?: object): Promise<T>
  put<T>(path: string, body?: object): Promise<T>
  patch<T>(path: string, body?: object): Promise<T>
  delete<T>(path: string, query?: Record<string, string | undefined>): Promise<T>
}

export type CallApi = (caller: Caller, request: RequestFacts) => ApiClient

interface Input {
  body?: object | undefined
  query?: Record<string, string | undefined> | undefined
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
      async (path: string, { body, query = {} }: Input) => {
        const found = known.find(
          ({ route, pattern }) => route.method === method && pattern.test(path),
        )
        if (!found) throw new AppError('not_found')
        const { route, pattern } = found
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
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- only who calls a route knows its answer
    const withBody = (method: ApiRoute['method']) => {
      const send = call(method)
      return <T>(path: string, body?: object) => send(path, { body }) as Promise<T>
    }
    const get = call('get')
    const remove = call('delete')
    return {
      get: <T>(path: string, query?: Input['query']) => get(path, { query }) as Promise<T>,
      post: withBody('post'),
      put: withBody('put'),
      patch: withBody('patch'),
      delete: <T>(path: string, query?: Input['query']) => remove(path, { query }) as Promise<T>,
    }
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

const withoutAbsent = (query: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1])),
  )
