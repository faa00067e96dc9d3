import * as oidc from 'openid-client'
import type { Browser } from '../support/browser.ts'
import {
  authorize,
  createBrowser,
  relyingParty,
  type RelyingParty,
} from '../support/relying-party.ts'
import type { Fixture, Person } from '../support/start.ts'

/** What most journeys begin with: a person who has signed in at a client and holds its tokens. */
export interface SignedIn {
  person: Person
  client: { id: string; secret: string | undefined }
  party: RelyingParty
  browser: Browser
  tokens: oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers
}

export interface SignInOptions {
  /** Metadata of the client. */
  client?: Record<string, unknown>
  /** Parameters of the authorization request. */
  request?: Record<string, string>
  /** Further parameters of the token request. */
  redeem?: Record<string, string>
}

/** Parameters that make the server give a refresh token. */
export const offline = { scope: 'openid offline_access', prompt: 'consent' }

export async function signedIn(fixture: Fixture, options: SignInOptions = {}): Promise<SignedIn> {
  const person = await fixture.addUser()
  const client = await fixture.addClient(options.client)
  const party = await relyingParty(fixture, client)
  const browser = createBrowser(fixture.issuer)
  const pending = await party.begin(options.request)
  const left = await authorize(browser, pending.url, person)
  const tokens = await pending.redeem(left, options.redeem)
  return { person, client, party, browser, tokens }
}

/** A machine: a client that gets tokens for itself. */
export const machine = {
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
}

/** Puts a resource with the scopes `read` and `write` beside the server's own. */
export async function addResource(
  { storage }: Fixture,
  identifier: string,
  accessTokenTtl?: number,
): Promise<string> {
  const scopes = ['read', 'write'].map((name) => ({ name, description: { en: `May ${name}` } }))
  await storage.resources.put({ identifier, name: { en: identifier }, scopes, accessTokenTtl })
  return identifier
}

type Credentials = { id: string; secret?: string | undefined }

/** A form from the client, which authenticates in the Authorization header. */
export const post = (
  url: string,
  client: Credentials,
  body: Record<string, string>,
): Promise<Response> => send(url, client, { body })

export function send(
  url: string,
  { id, secret = '' }: Credentials,
  { body, headers = {} }: { body: Record<string, string>; headers?: Record<string, string> },
): Promise<Response> {
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
  return fetch(url, {
    method: 'POST',
    headers: { authorization, ...headers },
    body: new URLSearchParams(body),
  })
}

/** What the introspection endpoint says about the token. */
export async function introspect(
  { issuer }: Pick<Fixture, 'issuer'>,
  client: { id: string; secret: string | undefined },
  token: string,
): Promise<Record<string, unknown>> {
  const response = await post(`${issuer}/oauth/introspect`, client, { token })
  if (response.status !== 200) throw new Error(`introspection: ${await response.text()}`)
  return (await response.json()) as Record<string, unknown>
}

/** The OAuth error code of a request that is refused; undefined when it is not. */
export async function refusal(request: Promise<unknown>): Promise<string | undefined> {
  try {
    await request
  } catch (error) {
    if (error instanceof oidc.ResponseBodyError) return error.error
    if (error instanceof oidc.WWWAuthenticateChallengeError) return error.cause[0]?.parameters.error
    throw error
  }
  return undefined
}
