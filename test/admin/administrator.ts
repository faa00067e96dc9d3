import type { ExecutionContext } from 'ava'
import { newSecret } from '#lib/ids.ts'
import { start, type Fixture, type StartOptions } from '../support/start.ts'

export interface Answer {
  status: number
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever the server said; the test looks
  body: any
}

/** Calls a route of the JSON API with a body, as anyone who has signed in. */
export type Call = (method: string, path: string, body?: unknown) => Promise<Answer>

export interface AdminFixture extends Fixture {
  /** As the first administrator. */
  admin: Call
  adminEmail: string
  signIn(identifier: string, password: string): Promise<Call>
  /** Makes a user with this role, signs them in and calls as them. */
  someoneWith(roles: string[]): Promise<{ id: string; email: string; password: string; call: Call }>
}

/** A whole server and its first administrator, signed in; `begin` is that of `onStorages`. */
export async function administrator(
  t: ExecutionContext,
  options: StartOptions = {},
  begin: (options: StartOptions) => Promise<Fixture> = (given) => start(t, given),
): Promise<AdminFixture> {
  const credentials = { email: 'root@example.com', password: newSecret(12) }
  const fixture = await begin({
    ...options,
    env: { ADMIN_EMAIL: credentials.email, ADMIN_PASSWORD: credentials.password, ...options.env },
  })
  const signIn = async (identifier: string, password: string): Promise<Call> => {
    const { status, body } = await callAs(fixture)('POST', '/auth/login', { identifier, password })
    if (status !== 200) throw new Error(`cannot sign in: ${status} ${JSON.stringify(body)}`)
    return callAs(fixture, body.access_token)
  }
  const admin = await signIn(credentials.email, credentials.password)
  return {
    ...fixture,
    admin,
    adminEmail: credentials.email,
    signIn,
    async someoneWith(roles) {
      const person = { email: `${newSecret(6)}@example.com`, password: newSecret(12) }
      const { status, body } = await admin('POST', '/admin/users', { ...person, roles })
      if (status !== 201) throw new Error(JSON.stringify(body))
      return { id: body.id, ...person, call: await signIn(person.email, person.password) }
    },
  }
}

const callAs =
  ({ issuer }: Fixture, token?: string): Call =>
  async (method, path, body) => {
    const response = await fetch(issuer + path, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }

/** What the audit log says of this target, newest first. The recorder writes a moment later. */
export async function auditOf(
  { admin, server }: AdminFixture,
  target: string,
): Promise<Record<string, unknown>[]> {
  await server.services.telemetry.audit.flush()
  const { body } = await admin('GET', `/admin/audit?target=${encodeURIComponent(target)}`)
  return body.events
}
