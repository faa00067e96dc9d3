import { Provider, type Configuration, type KoaContextWithOIDC } from 'oidc-provider'
import type { Config } from '#config/load.ts'
import type { Clock } from '#lib/clock.ts'
import { createSealer, deriveKey, type Sealer } from '#lib/sealing.ts'
import type { Storage } from '#storage/storage.ts'
import type { ArtifactModel } from '#storage/artifacts.ts'
import type { UserMetadata } from '#storage/users.ts'
import { cookies, lives } from './cookies-and-lives.ts'
import { createArtifactAdapter } from './adapter.ts'
import { commitBeforeAnswer } from './commit.ts'
import { claimsByScope, createFindAccount, supportedScopes } from './claims.ts'
import {
  createClientAdapter,
  extraClientMetadata,
  isFirstParty,
  isOriginAllowed,
  matchesSecret,
  mayIntrospect,
} from './clients.ts'
import { apiKeyClaim, introspectApiKeys, type ApiKeyParts } from './api-keys.ts'
import { apiKeySubject } from './exchange-api-key.ts'
import { createFetch } from './fetch.ts'
import { acrValues } from './acr.ts'
import { grantClaim, type JwtAccessTokens } from './access-tokens.ts'
import { signInClaims } from './sign-in-claims.ts'
import { jwtTokens } from './jwt-tokens.ts'
import type { KeySet } from './keys.ts'
import { loadExistingGrant } from './grants.ts'
import { addClientClaims, claimsForResource } from './metadata-claims.ts'
import { tellOutages } from './outages.ts'
import { pageFeatures, renderErrorPage, type ShowPage } from './pages.ts'
import type { Device } from './payload-codec.ts'
import { createPolicy, type PolicyParts } from './policy.ts'
import { createRefreshGrace, markRefreshReplay } from './refresh-grace.ts'
import { resourceIndicators, type PermittedScopes } from './resources.ts'
import {
  exchangedSubject,
  registerTokenExchange,
  type SubjectTokenType,
  type TokenExchangeParts,
} from './token-exchange.ts'

/**
 * oidc-provider, configured. It drives the standard endpoints: authorize, token, PAR, device, userinfo, introspect,
 * revoke, logout, discovery. Everything that it would do by a default of its own is said here.
 */
export interface ProviderParts extends PolicyParts {
  config: Config
  secrets: readonly [string, ...string[]]
  storage: Storage
  keySet: KeySet
  jwt: JwtAccessTokens
  apiKeys: ApiKeyParts
  /** What may be exchanged for tokens beside API keys. */
  subjectTypes: readonly SubjectTokenType[]
  showPage: ShowPage
  permittedScopes: PermittedScopes
  now: Clock
}

export const routes = {
  authorization: '/oauth/authorize',
  token: '/oauth/token',
  userinfo: '/oauth/userinfo',
  jwks: '/oauth/jwks',
  pushed_authorization_request: '/oauth/par',
  introspection: '/oauth/introspect',
  revocation: '/oauth/revoke',
  end_session: '/oauth/logout',
  device_authorization: '/oauth/device',
  code_verification: '/device',
}

export function createProvider(parts: ProviderParts): Provider {
  const { config, secrets, storage, keySet, now } = parts
  const sealer = createSealer(secrets, 'artifacts')
  const graceMs = config.REFRESH_GRACE_SECONDS * 1000
  const adapter = (model: string) =>
    model === 'Client'
      ? createClientAdapter(storage.clients)
      : createArtifactAdapter(model as ArtifactModel, {
          artifacts: storage.artifacts,
          sealer,
          userCodeKey: deriveKey(secrets[0], 'user-codes'),
          now,
          graceMs,
          device: () => deviceOf(Provider.ctx, now),
          onRefreshReplay: () => markRefreshReplay(Provider.ctx),
        })

  const provider = new Provider(config.ISSUER, {
    adapter,
    jwks: { keys: keySet.privateJwks },
    routes,
    ...people(parts),
    ...protocol(parts),
    features: features(parts),
    cookies: cookies(config, secrets),
    ttl: lives(config),
  })
  provider.proxy = true
  provider.Client.prototype.compareClientSecret = matchesSecret
  addClientClaims(provider)
  provider.use(tellOutages(provider) as never)
  const { artifacts } = storage
  const grace = createRefreshGrace({ artifacts, sealer, now, graceMs })
  provider.use(commitBeforeAnswer(provider, { artifacts, grace }) as never)
  registerTokenExchange(provider, tokenExchangeOf(parts, sealer))
  provider.use(introspectApiKeys(parts.apiKeys, config.ISSUER) as never)
  provider.use(jwtTokens(provider, parts.jwt) as never)
  return provider
}

const grantOf = (token: object): unknown => ('grantId' in token ? token.grantId : undefined)

const tokenExchangeOf = (parts: ProviderParts, sealer: Sealer): TokenExchangeParts => ({
  ...parts.storage,
  sealer,
  now: parts.now,
  subjectTypes: [apiKeySubject(parts.apiKeys), ...parts.subjectTypes],
  findAccount: async (ctx, id) => findAccountOf(parts.storage)(ctx, id),
})

const findAccountOf = ({ users, roles }: Storage) => createFindAccount(users, roles)

const deviceOf = (ctx: KoaContextWithOIDC | undefined, now: Clock): Device | undefined =>
  ctx && { address: ctx.ip, agent: ctx.get('user-agent').slice(0, 255), seenAt: now() }

/** What concerns people: accounts, claims, the questions that they are asked. */
function people({ config, storage, showPage, ...parts }: ProviderParts): Configuration {
  return {
    findAccount: findAccountOf(storage),
    claims: claimsByScope,
    acrValues: [...acrValues],
    scopes: supportedScopes,
    interactions: {
      policy: createPolicy(parts),
      url: (_ctx, interaction) => `${config.basePath}/interaction/${interaction.uid}`,
    },
    loadExistingGrant,
    renderError: renderErrorPage(showPage),
  }
}

/** The profile of OAuth that we speak: code with PKCE S256, nothing weaker (RFC 9700, OAuth 2.1). */
function protocol({ config, storage }: ProviderParts): Configuration {
  return {
    responseTypes: ['code'],
    // The provider at which the person is to sign in, without our login page.
    extraParams: ['identity_provider'],
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    clientBasedCORS: isOriginAllowed,
    extraClientMetadata,
    enabledJWA: {
      idTokenSigningAlgValues: ['RS256', 'ES256'],
      requestObjectSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      userinfoSigningAlgValues: ['RS256', 'ES256'],
      introspectionSigningAlgValues: ['RS256', 'ES256'],
    },
    fetch: createFetch(config.FETCH_ALLOWED_HOSTS),
    fetchResponseBodyLimits: { jwks_uri: 256 * 1024, sector_identifier_uri: 64 * 1024 },
    rotateRefreshToken: true,
    issueRefreshToken: (_ctx, client, code) =>
      client.grantTypeAllowed('refresh_token') &&
      (code.scopes.has('offline_access') || isFirstParty(client)),
    expiresWithSession: (ctx, token) =>
      !token.scopes.has('offline_access') && !isFirstParty(ctx.oidc.client),
    // Only a JWT needs its grant spelled out; an opaque token's is in its record.
    async extraTokenClaims(ctx, token) {
      if (token.resourceServer?.accessTokenFormat !== 'jwt') return undefined
      const key = exchangedSubject(ctx)?.keyId
      const bond = key === undefined ? { [grantClaim]: grantOf(token) } : { [apiKeyClaim]: key }
      const account = ctx?.oidc?.account as { metadata?: UserMetadata } | undefined
      const chosen = await claimsForResource(
        token,
        async (id) => account?.metadata ?? (await storage.users.findById(id))?.metadata,
      )
      return { ...chosen, ...signInClaims(ctx, token), ...bond }
    },
    discovery: {
      ui_locales_supported: ['en', 'zh-CN'],
      // Without it a client assumes that there is no prompt=create (Initiating User Registration 1.0 §4.1).
      prompt_values_supported: ['none', 'login', 'consent', 'select_account', 'create'],
      service_documentation: undefined,
    },
  }
}

function features({
  permittedScopes,
  config,
  secrets,
  storage,
  showPage,
}: ProviderParts): NonNullable<Configuration['features']> {
  return {
    devInteractions: { enabled: false },
    userinfo: { enabled: true },
    // An essential acr is asked for here.
    claimsParameter: { enabled: true },
    jwtUserinfo: { enabled: true },
    clientCredentials: { enabled: true },
    introspection: {
      enabled: true,
      allowedPolicy: (_ctx, client, token) => mayIntrospect(client, token),
    },
    jwtIntrospection: { enabled: true },
    revocation: {
      enabled: true,
      allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
    },
    pushedAuthorizationRequests: { enabled: true },
    dPoP: { enabled: true, nonceSecret: deriveKey(secrets[0], 'dpop-nonce') },
    backchannelLogout: { enabled: true },
    ...pageFeatures(showPage, `${config.basePath}/`),
    resourceIndicators: resourceIndicators(storage.resources, {
      permittedScopes,
      rolesOf: async (accountId) => (await storage.users.findById(accountId))?.roles ?? [],
    }),
  }
}
