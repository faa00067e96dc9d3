/** What the security tests share: requests as an attacker would write them, without a library that helps or hinders. */
import { createHash, randomBytes } from 'node:crypto'
import type { Browser, Page } from '../support/browser.ts'
import { authorize, createBrowser, signIn } from '../support/relying-party.ts'
import { callback, type Fixture, type Person } from '../support/start.ts'

export interface TestClient {
  id: string
  secret: string | undefined
}

/** An answer that was not followed. `json` is empty when the body is not JSON. */
export interface Answer {
  status: number
  headers: Headers
  text: string
  json: Record<string, unknown>
}

export async function send(url: string | URL, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, { redirect: 'manual', ...init })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: parsed(text) }
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return {}
  }
}

export const basic = ({ id, secret }: TestClient): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
})

/** POSTs a form as a client: with its secret, or by its id alone. */
export function post(
  url: string,
  client: TestClient | undefined,
  fields: Record<string, string> | URLSearchParams,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const body = new URLSearchParams(fields)
  if (client && client.secret === undefined) body.set('client_id', client.id)
  const auth = client?.secret === undefined ? {} : basic(client)
  return send(url, { method: 'POST', body, headers: { ...auth, ...headers } })
}

export const challengeOf = (verifier: string): string =>
  createHash('sha256').update(verifier).digest('base64url')

export const newVerifier = (): string => randomBytes(32).toString('base64url')

/** The authorize endpoint with a sound request; `overrides` replace parameters, `undefined` leaves one out. */
export function authorizeUrl(
  fixture: Fixture,
  client: TestClient,
  overrides: Record<string, string | undefined> = {},
): URL {
  const url = new URL(`${fixture.issuer}/oauth/authorize`)
  const parameters = {
    client_id: client.id,
    redirect_uri: callback,
    response_type: 'code',
    scope: 'openid',
    state: 'a-state',
    code_challenge: challengeOf('not the verifier of anything, and long enough'),
    code_challenge_method: 'S256',
    ...overrides,
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(name, value)
  }
  return url
}

export interface Code {
  code: string
  verifier: string
}

/** Who takes part in a journey. */
export interface Cast {
  fixture: Fixture
  client: TestClient
  person: Person
  browser?: Browser
}

/** A server's client and person, new to each other. */
export async function newCast(
  fixture: Fixture,
  metadata: Record<string, unknown> = {},
): Promise<Cast> {
  const [client, person] = await Promise.all([fixture.addClient(metadata), fixture.addUser()])
  return { fixture, client, person }
}

/** Signs in, consents and comes back with a code. */
export async function obtainCode(
  { fixture, client, person, browser = createBrowser(fixture.issuer) }: Cast,
  overrides: Record<string, string> = {},
): Promise<Code> {
  const verifier = newVerifier()
  const url = authorizeUrl(fixture, client, { code_challenge: challengeOf(verifier), ...overrides })
  const left = await authorize(browser, url, person)
  const code = left.searchParams.get('code')
  if (!code) throw new Error(`no code at ${left.href}`)
  return { code, verifier }
}

/** Presents a code at the token endpoint. */
export const redeem = (
  { fixture, client }: Pick<Cast, 'fixture' | 'client'>,
  { code, verifier }: Code,
  {
    fields = {},
    headers = {},
  }: { fields?: Record<string, string>; headers?: Record<string, string> } = {},
): Promise<Answer> =>
  post(
    `${fixture.issuer}/oauth/token`,
    client,
    {
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      redirect_uri: callback,
      ...fields,
    },
    headers,
  )

/** Parameters of a request for a refresh token. */
export const offline = { scope: 'openid offline_access', prompt: 'consent' }

export const refresh = (
  { fixture, client }: Pick<Cast, 'fixture' | 'client'>,
  refreshToken: string,
  fields: Record<string, string> = {},
): Promise<Answer> =>
  post(`${fixture.issuer}/oauth/token`, client, {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    ...fields,
  })

/** What the introspection endpoint tells the client about a token. */
export const introspect = async (
  { fixture, client }: Pick<Cast, 'fixture' | 'client'>,
  token: string,
): Promise<Record<string, unknown>> =>
  (await post(`${fixture.issuer}/oauth/introspect`, client, { token })).json

/** Fifty at once. */
export const fifty = <T>(run: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: 50 }, (_, index) => run(index)))

export const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'

/** Metadata of a client that has no redirect. */
export const withoutRedirect = (grant: string): Record<string, unknown> => ({
  grant_types: [grant],
  redirect_uris: [],
  response_types: [],
})

/** What a device gets when it asks to be connected (RFC 8628 §3.2). */
export const startDevice = async (
  { fixture, client }: Pick<Cast, 'fixture' | 'client'>,
  scope = 'openid',
): Promise<{ device_code: string; user_code: string; verification_uri: string }> =>
  (await post(`${fixture.issuer}/oauth/device`, client, { scope })).json as never

/** A device asks whether it has been connected. */
export const pollDevice = (
  { fixture, client }: Pick<Cast, 'fixture' | 'client'>,
  device_code: string,
): Promise<Answer> =>
  post(`${fixture.issuer}/oauth/token`, client, { grant_type: deviceGrant, device_code })

/** Connects the device: the person types the code, confirms, signs in and consents. */
export async function approveDevice(
  { fixture, person, browser = createBrowser(fixture.issuer) }: Cast,
  user_code: string,
): Promise<Page> {
  const input = await browser.open(`${fixture.issuer}/device`)
  const confirm = await input.submit('/device', { user_code })
  const login = await confirm.submit('/device')
  const consent = await signIn(login, person)
  return consent.submit('/consent')
}
