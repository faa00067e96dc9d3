import type { Fixture, Person } from './start.ts'

/** The JSON API as a first-party application calls it. */
export interface Api {
  call(method: string, path: string, options?: CallOptions): Promise<Answer>
  /** Signs in; rejects unless that worked. */
  login(person: Pick<Person, 'email' | 'password'>): Promise<SignedIn>
}

export interface CallOptions {
  /** Goes as JSON, or as a form when it is one. */
  body?: unknown
  token?: string | undefined
  headers?: Record<string, string>
}

export interface Answer {
  status: number
  headers: Headers
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever JSON came
  body: any
}

export interface SignedIn {
  access_token: string
  refresh_token: string
  scope: string
  user: { id: string; email: string }
}

export function apiOf(fixture: Pick<Fixture, 'issuer'>, send: typeof fetch = fetch): Api {
  const call: Api['call'] = async (method, path, options = {}) => {
    const { body, token, headers = {} } = options
    const isJson = body !== undefined && !(body instanceof URLSearchParams)
    const answer = await send(fixture.issuer + path, {
      method,
      headers: {
        ...(isJson ? { 'content-type': 'application/json' } : {}),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : body }),
    })
    const text = await answer.text()
    return {
      status: answer.status,
      headers: answer.headers,
      body: text === '' ? undefined : JSON.parse(text),
    }
  }
  return {
    call,
    async login({ email, password }) {
      const { status, body } = await call('POST', '/auth/login', { body: { email, password } })
      if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
      return body as SignedIn
    },
  }
}
