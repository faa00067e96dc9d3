import { errors, type Adapter, type Client as EngineClient, type Provider } from 'oidc-provider'
import { equalSecrets, sha256 } from '#lib/hashing.ts'
import { metadataClaimsProblem } from '#lib/metadata-claims.ts'
import { levelOf } from './acr.ts'
import { supportedScopes } from './claims.ts'
import type { ClientStore } from '#storage/clients.ts'

/**
 * Client metadata of ours, beside RFC 7591's:
 * - `first_party`: one of the operator's own applications; its people are not asked for consent
 * - `verified`: the operator vouches for the name; shown on the consent page
 * - `allowed_cors_origins`: web origins that may call the endpoints with this client
 * - `default_resource`: the resource of a request that names none; its access tokens are then always JWTs
 * - `introspection_resources`: the resources for which this client is the resource server
 * - `metadata_claims`: claims of userinfo and the ID token that are taken from the person's metadata
 * - `accent_color`: `#rrggbb`, for the pages that it sends people to; contrast is taken care of
 * - `require_acr`: the least level of its sign-ins (`acr.ts`), whatever the request asks
 */
export const extraClientMetadata = {
  properties: [
    'first_party',
    'verified',
    'allowed_cors_origins',
    'default_resource',
    'introspection_resources',
    'metadata_claims',
    'require_acr',
    'accent_color',
    'resource_scopes',
  ],
  validator(_ctx: unknown, key: string, value: unknown): void {
    if (key === 'metadata_claims' && value !== undefined) {
      const problem = metadataClaimsProblem(value)
      if (problem) throw new errors.InvalidClientMetadata(`${key} ${problem}`)
      return
    }
    const valid = value === undefined || validators[key]?.(value) === true
    if (!valid) throw new errors.InvalidClientMetadata(`${key} has the wrong form`)
  },
}

const isBoolean = (value: unknown): boolean => typeof value === 'boolean'
const isUri = (value: unknown): boolean => typeof value === 'string' && URL.canParse(value)
const listOf = (test: (value: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.every(test)
const isOrigin = (value: unknown): boolean =>
  typeof value === 'string' && URL.canParse(value) && new URL(value).origin === value

const isColour = (value: unknown): boolean =>
  typeof value === 'string' && /^#[0-9a-f]{6}$/i.test(value)

const validators: Record<string, (value: unknown) => boolean> = {
  accent_color: isColour,
  first_party: isBoolean,
  verified: isBoolean,
  allowed_cors_origins: listOf(isOrigin),
  default_resource: isUri,
  introspection_resources: listOf(isUri),
  require_acr: (value) => levelOf(value) > 0,
  resource_scopes: listOf((value) => typeof value === 'string'),
}

export const isFirstParty = (client: EngineClient | undefined): boolean =>
  client?.['first_party'] === true

export const defaultResourceOf = (client: EngineClient): string | undefined =>
  client['default_resource'] as string | undefined

/** A browser's page may call us for a client only from an origin that the client has registered. */
export function isOriginAllowed(_ctx: unknown, origin: string, client: EngineClient): boolean {
  const origins = client['allowed_cors_origins'] as string[] | undefined
  return origins?.includes(origin) ?? false
}

/** Whether the client may ask about this token: its own, or one for a resource that it serves. Public clients may not. */
export function mayIntrospect(
  client: EngineClient,
  token: { clientId?: unknown; aud?: unknown },
): boolean {
  if (client.clientAuthMethod === 'none') return false
  const served = (client['introspection_resources'] as string[] | undefined) ?? []
  const audience = [token.aud].flat().filter((aud) => typeof aud === 'string')
  return token.clientId === client.clientId || audience.some((aud) => served.includes(aud))
}

/**
 * Checks metadata (`client_id` and secret included) as the engine does when it loads a client, and redirect URIs more
 * strictly: a native application's own scheme must be a domain name turned round (RFC 8252 §7.1), so that no other
 * one takes it by accident, and in production http is for loopback alone (RFC 9700 §2.6). Rejects with
 * InvalidClientMetadata.
 */
export async function validateClient(
  provider: Provider,
  metadata: Record<string, unknown>,
): Promise<void> {
  await (provider.Client as unknown as { validate(metadata: object): Promise<void> }).validate(
    forEngine(metadata),
  )
  const uris = [metadata['redirect_uris'], metadata['post_logout_redirect_uris']].flat()
  const accepted = provider.issuer.startsWith('https:') ? inProduction : inDevelopment
  const odd = uris.filter((uri) => typeof uri === 'string').find((uri) => !accepted.test(uri))
  if (odd === undefined) return
  throw new errors.InvalidClientMetadata(
    `${odd} must begin with https, with http and a loopback host, or with a reversed domain name`,
  )
}

const inProduction =
  /^https:|^http:\/\/(localhost|127\.0\.0\.1|\[::1\])([:/?]|$)|^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:/
const inDevelopment = /^https?:|^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:/

/**
 * Clients as the engine wants them. Where it expects the secret it gets the stored hashes, which `matchesSecret`
 * knows how to read; no method that needs the secret itself (HS256, client_secret_jwt) is enabled.
 */
export function createClientAdapter(clients: ClientStore): Adapter {
  return {
    async find(id) {
      // PostgreSQL refuses a NUL byte in a text; no client has one in its id.
      const client = id.includes('\0') ? undefined : await clients.find(id)
      if (!client) return undefined
      const secret =
        client.secretHashes.length > 0 ? { client_secret: client.secretHashes.join(' ') } : {}
      return { ...forEngine(client.metadata), ...secret, client_id: client.id }
    },
    ...unsupported(
      'upsert',
      'consume',
      'destroy',
      'findByUid',
      'findByUserCode',
      'revokeByGrantId',
    ),
  }
}

/**
 * The engine refuses a client whose `scope` lists what it does not know itself; the scopes of resources go beside it, for
 * `resources.ts`. What a client's own metadata calls so is dropped: it would pass by the checks on `scope`.
 */
function forEngine({
  resource_scopes: _smuggled,
  ...metadata
}: Record<string, unknown>): Record<string, unknown> {
  const { scope, ...rest } = metadata
  if (typeof scope !== 'string') return metadata
  const isOwn = (word: string): boolean => supportedScopes.includes(word)
  const own = scope.split(' ').filter(isOwn).join(' ')
  const others = scope.split(' ').filter((word) => word !== '' && !isOwn(word))
  return { ...rest, ...(own ? { scope: own } : {}), resource_scopes: others }
}

/** Replaces the engine's comparison of client secrets, which wants the plain text. */
export function matchesSecret(this: EngineClient, given: string): boolean {
  const hash = sha256(given)
  return (this.clientSecret ?? '').split(' ').some((stored) => equalSecrets(stored, hash))
}

/** The engine never writes a client: they are managed by us, and dynamic registration is off. */
function unsupported<Name extends keyof Adapter>(...names: Name[]): Pick<Adapter, Name> {
  const refuse = (): Promise<never> =>
    Promise.reject(new Error('clients are not the engine’s to change'))
  return Object.fromEntries(names.map((name) => [name, refuse])) as unknown as Pick<Adapter, Name>
}
