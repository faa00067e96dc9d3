import type { Provider } from 'oidc-provider'
import { AppError } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import type { Sealer } from '#lib/sealing.ts'
import type { ArtifactStore } from '#storage/artifacts.ts'
import type { ResourceStore } from '#storage/resources.ts'
import { acrOf } from './acr.ts'
import { artifactKey } from './payload-codec.ts'
import { grantClaim, type JwtAccessTokens } from './access-tokens.ts'
import { isFirstParty } from './clients.ts'
import { newTokens } from './new-tokens.ts'
import { committed } from './unit-of-work.ts'

/**
 * Tokens for the operator's own applications, which send a password to `/auth/login` and no browser to the authorize
 * endpoint. They are the engine's own: an access token (a JWT for the API) and a refresh token on a Grant, so they are
 * introspected, rotated, revoked and verified like all others. There is no second token system.
 */
export interface FirstPartyTokens {
  issue(signIn: SignIn): Promise<TokenAnswer>
  /** Ends the grants of these tokens; an access token of ours is dead at once. Resolves to whether either was known. */
  end(tokens: {
    accessToken?: string | undefined
    refreshToken?: string | undefined
  }): Promise<boolean>
  /** What to ask the token endpoint with a refresh token; undefined when there is none such. */
  describe(refreshToken: string): Promise<RefreshParameters | undefined>
}

/** RFC 6749 §6, RFC 8707 §2.2. */
type RefreshParameters =
  { client_id: string } | { client_id: string; resource: string; scope: string }

export interface SignIn {
  accountId: string
  /** The account's sign-in epoch when the person showed who they are. */
  epoch: number
  /** A public first-party client; the built-in one when absent. */
  clientId?: string | undefined
  /** The client has authenticated at the token endpoint, so it need not be a public one. */
  isClientAuthenticated?: boolean
  /** The API that the access token is for; our own when absent. */
  resource?: string | undefined
  /** How the person showed who they are (RFC 8176). */
  amr: string[]
  /** Where the person signed in, for their list of devices. */
  address: string
  agent: string
}

/** RFC 6749 §5.1. */
export interface TokenAnswer {
  access_token: string
  refresh_token: string
  token_type: 'Bearer'
  /** Seconds. */
  expires_in: number
  scope: string
}

export interface FirstPartyParts {
  provider(): Provider
  jwt(): JwtAccessTokens
  artifacts: ArtifactStore
  resources: ResourceStore
  sealer: Sealer
  defaultResource: string
  now: Clock
  /** The scopes of the resource that the person's roles allow. */
  allowedScopes(accountId: string, resource: string): Promise<string[]>
}

export const firstPartyClientId = 'first-party'

export function createFirstPartyTokens(parts: FirstPartyParts): FirstPartyTokens {
  const { artifacts } = parts

  const grantOfRefreshToken = async (token: string): Promise<string | undefined> =>
    (await artifacts.find('RefreshToken', artifactKey(token)))?.grantId

  return {
    issue: (signIn) => committed(artifacts, () => issue(parts, signIn)),

    async end({ accessToken, refreshToken }) {
      const claims = accessToken === undefined ? undefined : await parts.jwt().verify(accessToken)
      const opaque =
        accessToken === undefined
          ? undefined
          : await artifacts.find('AccessToken', artifactKey(accessToken))
      if (claims) await parts.jwt().revoke(claims)
      const grants = new Set([
        claims?.[grantClaim],
        opaque?.grantId,
        refreshToken === undefined ? undefined : await grantOfRefreshToken(refreshToken),
      ])
      for (const grant of grants)
        if (typeof grant === 'string') await artifacts.removeByGrant(grant)
      return [...grants].some((grant) => grant !== undefined)
    },

    async describe(refreshToken) {
      const stored = await artifacts.find('RefreshToken', artifactKey(refreshToken))
      if (stored?.clientId === undefined) return undefined
      const { resource, scope = '' } = JSON.parse(stored.payload) as {
        resource?: string
        scope?: string
      }
      const client_id = stored.clientId
      return resource === undefined
        ? { client_id }
        : { client_id, resource, scope: withoutIdToken(scope) }
    },
  }
}

/**
 * An access token for an API carries none of OIDC's scopes, so leaving one out changes only that the engine does not sign
 * an ID token (RS256, a fifth of the work) for an answer that has no place for it. The next refresh token keeps it.
 */
const withoutIdToken = (scope: string): string =>
  scope
    .split(' ')
    .filter((word) => word !== 'openid')
    .join(' ')

async function issue(parts: FirstPartyParts, signIn: SignIn): Promise<TokenAnswer> {
  const provider = parts.provider()
  const client = await provider.Client.find(signIn.clientId ?? firstPartyClientId)
  const isProven = signIn.isClientAuthenticated === true || client?.clientAuthMethod === 'none'
  if (!client || !isFirstParty(client) || !isProven) throw new AppError('invalid_client')
  const identifier = signIn.resource ?? parts.defaultResource
  const resource = await parts.resources.find(identifier)
  if (!resource) throw new AppError('invalid_target')

  const scope = (await parts.allowedScopes(signIn.accountId, identifier)).join(' ')
  const { amr } = signIn
  const tokens = { ...signIn, client, resource, scope, gty: 'password', amr, acr: acrOf(amr) }
  const { access, refresh } = await newTokens(provider, parts, tokens)
  return {
    access_token: await access.save(),
    refresh_token: await refresh.save(),
    token_type: 'Bearer',
    expires_in: access.expiration,
    scope,
  }
}
