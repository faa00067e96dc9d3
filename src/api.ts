import type { inject } from 'light-my-request'
import { accountRoutes } from '#account/routes.ts'
import { adminRoutes } from '#admin/routes.ts'
import { apiKeyRoutes, type DescribedScope } from '#api-keys/routes.ts'
import { describeSettings } from '#config/describe.ts'
import type { Config } from '#config/load.ts'
import type { ForeignSignIn } from '#federation/foreign-sign-in.ts'
import type { ApiRoute, Identify } from '#http/api.ts'
import type { Audit, AuditAsCaller } from '#http/audit.ts'
import { busy } from '#lib/app-error.ts'
import { validateClient } from '#oidc/clients.ts'
import type { Engine } from '#oidc/engine.ts'
import { createFirstPartyTokens, firstPartyClientId, type TokenAnswer } from '#oidc/first-party.ts'
import { describeScope } from '#oidc/scope-words.ts'
import type { Storage } from '#storage/storage.ts'
import { recoveryRoutes } from '#users/recovery-routes.ts'
import type { Locale } from '#view/translate.ts'
import type { TokenFunctions } from '#users/finish-sign-in.ts'
import { authRoutes, type AuthRouteParts } from '#users/routes.ts'
import { secondStepRoutes } from '#users/second-step-routes.ts'
import type { Services } from './services.ts'
import { verifyTokenRoutes } from './verify-token.ts'
import { wechatRoutes } from './wechat-routes.ts'

/** The whole sidecar JSON API, as one table. */
export interface ApiTableParts {
  config: Config
  storage: Storage
  services: Services
  engine: Engine
  identify: Identify
  foreign: Pick<ForeignSignIn, 'identify'>
  /** Answers a request as if it had come over the network. */
  handle: Parameters<typeof inject>[0]
}

export function apiTable(parts: ApiTableParts): ApiRoute[] {
  const { config, storage, services, engine } = parts
  const { audit, now, wechat } = services
  const tokens = tokensOf(parts)
  const record: Audit = (event, { address, agent, traceId }) =>
    audit.record({ ...event, address, agent, traceId })
  const recordBy: AuditAsCaller = (event, { caller, request }) =>
    record(
      { ...event, actor: caller.userId ?? `client:${caller.clientId}`, clientId: caller.clientId },
      request,
    )

  const isFirstParty = async (id: string | undefined) =>
    id !== undefined && (await storage.clients.find(id))?.metadata['first_party'] === true

  const signIn: AuthRouteParts = {
    ...services,
    users: storage.users,
    registrationOpen: config.REGISTRATION === 'open',
    tokens,
    audit: record,
  }

  return [
    ...authRoutes(signIn),
    ...secondStepRoutes({ ...services, ...signIn }),
    ...wechatRoutes({ ...services, users: storage.users, wechat, tokens, audit: recordBy }),
    ...recoveryRoutes({
      recovery: services.recoveryForStrangers,
      identify: parts.identify,
      audit: record,
    }),
    ...verifyTokenRoutes({
      identify: parts.identify,
      jwt: () => engine.jwt,
      clients: storage.clients,
      users: storage.users,
      resource: config.API_RESOURCE,
    }),
    ...accountRoutes({
      ...services,
      users: storage.users,
      identities: storage.identities,
      isFirstParty,
      identifyForeign: (token) => parts.foreign.identify(token),
      apiKeyStore: storage.apiKeys,
      eraseAfterMs: config.ERASE_AFTER_DAYS * 86_400_000,
      resources: storage.resources,
      audit: recordBy,
    }),
    ...adminRoutes({
      ...services,
      storage,
      apiResource: config.API_RESOURCE,
      issuer: config.ISSUER,
      providers: services.federation.providers,
      settings: describeSettings(config),
      refreshKeys: () => engine.refresh(),
      validateClient: (metadata) => validateClient(engine.provider, metadata),
      audit: recordBy,
    }),
    ...apiKeyRoutes({
      keys: services.apiKeys,
      store: storage.apiKeys,
      isFirstParty,
      describeScopes: (scopes, locale) => describeOwnScopes(parts, scopes, locale),
      now,
      audit: recordBy,
    }),
  ]
}

/** Scopes of our own API, in the order in which it declares them. */
async function describeOwnScopes(
  { config, storage }: ApiTableParts,
  scopes: ReadonlySet<string>,
  locale: Locale,
): Promise<DescribedScope[]> {
  const resource = await storage.resources.find(config.API_RESOURCE)
  const names = resource?.scopes.map(({ name }) => name).filter((name) => scopes.has(name)) ?? []
  return names.map((name) => ({ name, ...describeScope(resource!, name, locale) }))
}

/** Refresh goes through the token endpoint itself, so that rotation, grace and reuse detection are the engine's. */
function tokensOf({ config, storage, services, engine, handle }: ApiTableParts): TokenFunctions {
  const tokens = createFirstPartyTokens({
    ...services,
    provider: () => engine.provider,
    jwt: () => engine.jwt,
    artifacts: storage.artifacts,
    resources: storage.resources,
    defaultResource: config.API_RESOURCE,
  })
  return {
    async issue(signIn) {
      const answer = await tokens.issue(signIn)
      const { accountId: actor, clientId = firstPartyClientId, address, agent } = signIn
      const details = { grant_type: 'first_party', scope: answer.scope }
      services.audit.record({ type: 'token.issued', actor, clientId, address, agent, details })
      return answer
    },
    end: (given) => tokens.end(given),
    async refresh(refreshToken, request) {
      const about = await tokens.describe(refreshToken)
      if (!about) return undefined
      const form = { grant_type: 'refresh_token', refresh_token: refreshToken, ...about }
      const { inject } = await import('light-my-request')
      const answer = await inject(handle, {
        method: 'POST',
        url: `${config.basePath}/oauth/token`,
        remoteAddress: request.address,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'user-agent': request.agent,
          'x-trace-id': request.traceId,
        },
        payload: new URLSearchParams(form).toString(),
      })
      if (answer.statusCode >= 500) throw busy(5)
      return answer.statusCode === 200 ? pairOf(answer.json()) : undefined
    },
  }
}

const pairOf = ({ access_token, refresh_token, expires_in, scope }: TokenAnswer): TokenAnswer => ({
  access_token,
  refresh_token,
  token_type: 'Bearer',
  expires_in,
  scope,
})
