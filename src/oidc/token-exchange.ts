import { errors, type Client, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
import { AppError } from '#lib/app-error.ts'
import type { Resource, ResourceStore } from '#storage/resources.ts'
import { isFirstParty } from './clients.ts'
import { invalidGrant } from './invalid-grant.ts'
import { jwtFor, newTokens, type NewTokensParts } from './new-tokens.ts'

/**
 * Token exchange (RFC 8693): something that proves who someone is becomes an access token of ours, a JWT for one
 * resource. Every kind of subject token goes through the same steps and has a file of its own (`exchange-….ts`), which
 * says only whose it is and what may be done with it.
 */
export interface SubjectTokenType {
  /** Values of `subject_token_type`. */
  names: readonly string[]
  /** The resource that the token will be for; throws InvalidTarget. */
  target(asked: string | undefined, client: Client): string
  /** Throws InvalidGrant, or an AppError, when the token is not good. */
  accept(token: string, request: ExchangeRequest): Promise<Subject>
}

export interface ExchangeRequest {
  address: string
  agent: string
  traceId: string
}

export type Subject = SubjectFacts &
  (
    | {
        /** The API key that the new token ends with. */
        keyId: string
      }
    | {
        keyId?: never
        /** The person has signed in, in this epoch of their account: there is a grant, and perhaps a refresh token. */
        epoch: number
        /** What follows when the person has their tokens. */
        complete(): Promise<void>
      }
  )

interface SubjectFacts {
  accountId: string
  /** The scopes of the resource that the subject may be given; all of them when the client asks for none. */
  permitted(resource: Resource): Promise<readonly string[]>
  /** For the audit log. */
  details: Record<string, unknown>
}

export interface TokenExchangeParts extends NewTokensParts {
  subjectTypes: readonly SubjectTokenType[]
  resources: Pick<ResourceStore, 'find'>
  /** The engine's view of a person; undefined for one who is banned or gone. */
  findAccount(ctx: KoaContextWithOIDC, id: string): Promise<{ accountId: string } | undefined>
}

export const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

const state = 'exchangedSubject'

/** The subject of the exchange that this request is about. */
export const exchangedSubject = (
  ctx: { state: Record<string, unknown> } | undefined,
): Subject | undefined => ctx?.state[state] as Subject | undefined

export function registerTokenExchange(provider: Provider, parts: TokenExchangeParts): void {
  const params = [
    'subject_token',
    'subject_token_type',
    'requested_token_type',
    'actor_token',
    'actor_token_type',
    'audience',
    'resource',
    'scope',
  ]
  provider.registerGrantType(tokenExchange, (ctx) => exchange(provider, parts, ctx), params, [])
}

async function exchange(
  provider: Provider,
  parts: TokenExchangeParts,
  ctx: KoaContextWithOIDC,
): Promise<void> {
  const params = ctx.oidc.params as Record<string, string | undefined>
  const client = ctx.oidc.client!
  const type = typeOf(parts, params, client)
  const resource = await resourceOf(
    parts,
    type.target(params['resource'] ?? params['audience'], client),
  )
  const subject = await type
    .accept(params['subject_token'] ?? '', {
      address: ctx.ip,
      agent: ctx.get('user-agent').slice(0, 255),
      traceId: String(ctx.state['traceId']),
    })
    .catch((error: unknown) => refuse(ctx, error))
  const account = await parts.findAccount(ctx, subject.accountId)
  if (!account) throw invalidGrant('the account is disabled')
  const permitted = await subject.permitted(resource)
  const scopes = params['scope']?.split(' ') ?? permitted
  if (scopes.some((scope) => !permitted.includes(scope)))
    throw new errors.InvalidScope('the subject may not be given the scope', scopes.join(' '))

  ctx.state[state] = subject
  ctx.oidc.entity('Account', account)
  ctx.body = {
    ...(subject.keyId === undefined
      ? await issueOnGrant(provider, parts, { ctx, subject, resource, scopes })
      : await issueAlone(provider, { ctx, subject, resource, scopes })),
    issued_token_type: accessTokenType,
    token_type: 'Bearer',
    scope: scopes.join(' '),
  }
  if (subject.keyId === undefined) await subject.complete()
}

function typeOf(
  { subjectTypes }: TokenExchangeParts,
  params: Record<string, string | undefined>,
  client: Client,
): SubjectTokenType {
  const type = subjectTypes.find(({ names }) => names.includes(params['subject_token_type'] ?? ''))
  if (!type) throw new errors.InvalidRequest('subject_token_type is not supported')
  if (params['actor_token'] !== undefined)
    throw new errors.InvalidRequest('actor_token is not supported')
  if ((params['requested_token_type'] ?? accessTokenType) !== accessTokenType)
    throw new errors.InvalidRequest('requested_token_type is not supported')
  // The answer is a bearer token, which such a client must never have.
  if (client['dpopBoundAccessTokens'] === true)
    throw new errors.InvalidRequest('tokens that are bound to a key cannot be had by exchange')
  return type
}

async function resourceOf({ resources }: TokenExchangeParts, target: string): Promise<Resource> {
  const resource = target.includes('\0') ? undefined : await resources.find(target)
  if (!resource) throw new errors.InvalidTarget('unknown resource')
  return resource
}

/** What the rest of the house refuses, in the words of RFC 6749 §5.2. */
function refuse(ctx: KoaContextWithOIDC, error: unknown): never {
  if (!(error instanceof AppError)) throw error
  ctx.set(error.headers)
  if (error.status === 403) throw invalidGrant(sentences[error.code] ?? error.code)
  const refusal =
    error.status === 503
      ? new errors.TemporarilyUnavailable('come again after Retry-After', { cause: error })
      : new errors.CustomOIDCProviderError(error.code, 'come again after Retry-After')
  throw Object.assign(refusal, { status: error.status, statusCode: error.status })
}

const sentences: Record<string, string> = {
  account_disabled: 'the account is disabled',
  registration_closed: 'there is no account, and registration is closed',
}

interface Exchange<S = Subject> {
  ctx: KoaContextWithOIDC
  subject: S
  resource: Resource
  scopes: readonly string[]
}

async function issueAlone(provider: Provider, { ctx, subject, resource, scopes }: Exchange) {
  const token = new provider.AccessToken({
    accountId: subject.accountId,
    client: ctx.oidc.client!,
    gty: tokenExchange,
  } as never)
  token.scope = scopes.join(' ')
  token.resourceServer = jwtFor(provider, resource)
  ctx.oidc.entity('AccessToken', token)
  return { access_token: await token.save(), expires_in: token.expiration }
}

async function issueOnGrant(
  provider: Provider,
  parts: TokenExchangeParts,
  { ctx, subject, resource, scopes }: Exchange<Extract<Subject, { epoch: number }>>,
) {
  const client = ctx.oidc.client!
  const { access, refresh } = await newTokens(provider, parts, {
    client,
    accountId: subject.accountId,
    epoch: subject.epoch,
    resource,
    scope: scopes.join(' '),
    gty: tokenExchange,
    address: ctx.ip,
    agent: ctx.get('user-agent').slice(0, 255),
  })
  ctx.oidc.entity('AccessToken', access)
  const mayRefresh = isFirstParty(client) && client.grantTypeAllowed('refresh_token')
  return {
    access_token: await access.save(),
    expires_in: access.expiration,
    ...(mayRefresh && { refresh_token: await refresh.save() }),
  }
}
