import { defaultResourceOf } from '#oidc/clients.ts'
import { invalidGrant } from '#oidc/invalid-grant.ts'
import type { ExchangeRequest, SubjectTokenType } from '#oidc/token-exchange.ts'
import type { Resource } from '#storage/resources.ts'
import type { ForeignEntry } from './sign-in.ts'

/** Token exchange with a JWT of a trusted issuer (Supabase, Firebase, …): it signs its person in. */
export interface ForeignTokenParts {
  /** Resolves to why not, or to the user; rejects with an AppError for one who may not sign in, or when the issuer is away. */
  enter(token: string): Promise<ForeignEntry | { refused: string }>
  /** What follows when the person has their tokens. */
  complete(entry: ForeignEntry, request: ExchangeRequest): Promise<void>
  /** Counts the exchange of this address; rejects with 429 when it was one too many. */
  limit(address: string): Promise<unknown>
  /** The scopes of a resource that the person's roles allow. */
  allowedScopes(accountId: string, resource: string): Promise<string[]>
  /** The identifier of our own API. */
  resource: string
}

/** RFC 8693 §3. */
export const jwtType = 'urn:ietf:params:oauth:token-type:jwt'
const idTokenType = 'urn:ietf:params:oauth:token-type:id_token'

export const foreignTokenSubject = (parts: ForeignTokenParts): SubjectTokenType => ({
  names: [jwtType, idTokenType],
  target: (asked, client) => asked ?? defaultResourceOf(client) ?? parts.resource,
  async accept(token, request) {
    await parts.limit(request.address)
    const entry = await parts.enter(token)
    if ('refused' in entry) throw invalidGrant(entry.refused)
    const { user, isNew, issuer, subject } = entry
    return {
      accountId: user.id,
      epoch: user.signInEpoch,
      permitted: (resource) => permitted(parts, user.id, resource),
      complete: () => parts.complete(entry, request),
      details: { issuer, subject, is_new: isNew },
    }
  },
})

/** An administrator of ours is not made by another provider's word: at our own API only what is open to everyone. */
async function permitted(
  { allowedScopes, resource: ownApi }: ForeignTokenParts,
  userId: string,
  { identifier, scopes }: Resource,
): Promise<string[]> {
  const allowed = await allowedScopes(userId, identifier)
  if (identifier !== ownApi) return allowed
  const open = new Set(scopes.filter(({ restricted }) => !restricted).map(({ name }) => name))
  return allowed.filter((scope) => open.has(scope))
}
