import { looksLikeApiKey, type ApiKeys } from '#api-keys/keys.ts'
import type { Caller, Identify, RequestFacts } from '#http/api.ts'
import { equalSecrets, sha256 } from '#lib/hashing.ts'
import { grantClaim, type JwtAccessTokens } from '#oidc/access-tokens.ts'
import type { KeyFacts } from '#oidc/api-keys.ts'
import type { ClientStore } from '#storage/clients.ts'
import type { UserStore } from '#storage/users.ts'
import type { AllowedScopes } from '#users/allowed-scopes.ts'

/**
 * Who brought a credential to our own API: a JWT access token for it, an API key, or a JWT of an issuer whose tokens the
 * operator lets in here. Unlike a resource server elsewhere we also ask whether the token was revoked and what the person
 * may do now: a ban or a lost role counts at once.
 */
export interface IdentifyParts {
  jwt(): JwtAccessTokens
  apiKeys: ApiKeys
  users: Pick<UserStore, 'findById'>
  allowedScopes: AllowedScopes
  /** The identifier of our API. */
  resource: string
  /** Whose token of another provider this is, and what it may do here; undefined when it is not taken. */
  recognize(
    token: string,
    request: RequestFacts,
  ): Promise<{ userId: string; scopes: readonly string[] } | undefined>
}

export function createIdentify(parts: IdentifyParts): Identify {
  return async (credential, request) =>
    looksLikeApiKey(credential)
      ? byKey(parts, credential)
      : ((await byToken(parts, credential)) ?? byForeignToken(parts, credential, request))
}

/** The owner of a good API key, and what both may do now; undefined for any other text, and when the owner is banned. */
export async function keyFacts(
  {
    apiKeys,
    allowedScopes,
    resource,
  }: Pick<IdentifyParts, 'apiKeys' | 'allowedScopes' | 'resource'>,
  key: string,
): Promise<KeyFacts | undefined> {
  const record = looksLikeApiKey(key) ? await apiKeys.check(key) : undefined
  if (!record) return undefined
  const allowed = new Set(await allowedScopes(record.userId, resource))
  if (allowed.size === 0) return undefined
  return { ...record, scopes: record.scopes.filter((scope) => allowed.has(scope)) }
}

async function byKey(parts: IdentifyParts, key: string): Promise<Caller | undefined> {
  const facts = await keyFacts(parts, key)
  return facts && { userId: facts.userId, scopes: new Set(facts.scopes), via: 'api_key' }
}

async function byToken(parts: IdentifyParts, token: string): Promise<Caller | undefined> {
  const claims = await parts.jwt().verify(token)
  // A token that is bound to a key needs its proof, which this API does not take.
  if (!claims || claims.aud !== parts.resource || claims['cnf'] !== undefined) return undefined
  const asked = typeof claims['scope'] === 'string' ? claims['scope'].split(' ') : []
  const clientId = String(claims['client_id'])
  const grantId = claims[grantClaim]
  const userId = String(claims.sub)
  if (userId === clientId) {
    const isAlive = await parts.jwt().isAlive(claims)
    return isAlive ? { clientId, scopes: new Set(asked), via: 'client' } : undefined
  }

  // Before the question whether the token is still good: if every sign-in ends between the two, the epoch tells.
  const user = await parts.users.findById(userId)
  if (!user || !(await parts.jwt().isAlive(claims))) return undefined
  const allowed = new Set(await parts.allowedScopes(user, parts.resource))
  if (allowed.size === 0) return undefined
  const scopes = new Set(asked.filter((scope) => allowed.has(scope)))
  // A token without a grant was exchanged for an API key, and does no more than the key.
  const signedInAt = Number(claims['auth_time']) * 1000 || undefined
  return typeof grantId === 'string'
    ? { userId, clientId, grantId, signedInAt, scopes, epoch: user.signInEpoch, via: 'token' }
    : { userId, clientId, scopes, via: 'api_key' }
}

async function byForeignToken(
  parts: IdentifyParts,
  token: string,
  request: RequestFacts,
): Promise<Caller | undefined> {
  const known = await parts.recognize(token, request)
  if (!known) return undefined
  const allowed = new Set(await parts.allowedScopes(known.userId, parts.resource))
  if (allowed.size === 0) return undefined
  const scopes = new Set(known.scopes.filter((scope) => allowed.has(scope)))
  return { userId: known.userId, scopes, via: 'foreign_token' }
}

/** A client that acts for itself, by its id and secret; a public client has none and is no one here. */
export async function identifyClient(
  clients: Pick<ClientStore, 'find'>,
  { id, secret }: { id: string; secret: string },
): Promise<Caller | undefined> {
  const client = id.includes('\0') ? undefined : await clients.find(id)
  const hash = sha256(secret)
  if (!client?.secretHashes.some((stored) => equalSecrets(stored, hash))) return undefined
  return { clientId: id, scopes: new Set(), via: 'client' }
}
