import { accountRoutes, type AccountRouteParts } from '#account/routes.ts'
import { adminRoutes, type AdminParts } from '#admin/routes.ts'
import { apiKeyRoutes } from '#api-keys/routes.ts'
import { verifyTokenRoutes } from '#callers/verify-token-routes.ts'
import { describeSettings } from '#config/describe.ts'
import type { ForeignSignIn } from '#foreign-tokens/sign-in.ts'
import type { ApiRoute, Identify } from '#http/api.ts'
import type { Audit, AuditAsCaller } from '#http/audit.ts'
import { validateClient } from '#oidc/clients.ts'
import type { Engine } from '#oidc/engine.ts'
import { describeScope } from '#oidc/scope-words.ts'
import type { TokenFunctions } from '#users/finish-sign-in.ts'
import { recoveryRoutes } from '#users/recovery-routes.ts'
import { authRoutes, type AuthRouteParts } from '#users/routes.ts'
import { secondStepRoutes } from '#users/second-step-routes.ts'
import type { Locale } from '#view/translate.ts'
import { wechatRoutes } from '#wechat/routes.ts'
import type { DescribedScope } from '#wire/api-keys.ts'
import type { AppParts } from './parts.ts'

/** The whole sidecar JSON API, as one table. */
export interface ApiTableParts extends AppParts {
  engine: Engine
  identify: Identify
  foreign: Pick<ForeignSignIn, 'identify'>
  tokens: TokenFunctions
}

export function apiTable(parts: ApiTableParts): ApiRoute[] {
  const { config, storage, services, engine, identify } = parts
  const { accounts, strongSignIn } = services
  const audit = auditOf(parts)
  const recordBy = auditAsCallerOf(audit)
  const signIn = signInOf(parts, audit)
  return [
    ...authRoutes(signIn),
    ...secondStepRoutes({
      ...signIn,
      admit: strongSignIn.admit,
      mfaTokens: strongSignIn.mfaTokens,
      secondFactor: strongSignIn.secondFactor,
      passkeys: strongSignIn.passkeys,
    }),
    ...wechatRoutes({
      users: storage.users,
      tokens: parts.tokens,
      completeSignIn: services.signIns.complete,
      secondStep: strongSignIn.secondStep,
      wechat: services.wechat,
      audit: recordBy,
    }),
    ...recoveryRoutes({ recovery: accounts.recoveryForStrangers, identify, audit }),
    ...verifyTokenRoutes({
      identify,
      jwt: () => engine.jwt,
      clients: storage.clients,
      users: storage.users,
      resource: config.API_RESOURCE,
    }),
    ...accountRoutes(accountOf(parts, recordBy)),
    ...adminRoutes(adminOf(parts, recordBy)),
    ...apiKeyRoutes({
      keys: services.apiKeys,
      store: storage.apiKeys,
      isFirstParty: isFirstPartyOf(parts),
      describeScopes: (scopes, locale) => describeOwnScopes(parts, scopes, locale),
      now: parts.now,
      audit: recordBy,
    }),
  ]
}

const auditOf =
  ({ services: { telemetry } }: ApiTableParts): Audit =>
  (event, { address, agent, traceId }) =>
    telemetry.audit.record({ ...event, address, agent, traceId })

const auditAsCallerOf =
  (audit: Audit): AuditAsCaller =>
  (event, { caller, request }) => {
    const actor = caller.userId ?? `client:${caller.clientId}`
    audit({ ...event, actor, clientId: caller.clientId }, request)
  }

const isFirstPartyOf =
  ({ storage: { clients } }: ApiTableParts) =>
  async (id: string | undefined): Promise<boolean> =>
    id !== undefined && (await clients.find(id))?.metadata['first_party'] === true

const signInOf = (parts: ApiTableParts, audit: Audit): AuthRouteParts => {
  const { config, storage, services, tokens } = parts
  const { accounts, strongSignIn, signIns } = services
  return {
    users: storage.users,
    authenticate: accounts.authenticate,
    register: accounts.register,
    registrationOpen: config.REGISTRATION === 'open',
    onboarding: accounts.onboarding,
    secondStep: strongSignIn.secondStep,
    tokens,
    completeSignIn: signIns.complete,
    audit,
  }
}

const accountOf = (parts: ApiTableParts, audit: AuditAsCaller): AccountRouteParts => {
  const { config, storage, services, now } = parts
  const { accounts, strongSignIn, signIns } = services
  return {
    users: storage.users,
    resources: storage.resources,
    identities: storage.identities,
    apiKeyStore: storage.apiKeys,
    isFirstParty: isFirstPartyOf(parts),
    checkPassword: accounts.checkPassword,
    changePassword: accounts.changePassword,
    changeEmail: accounts.changeEmail,
    tellErasing: accounts.tellErasing,
    eraseAfterMs: config.ERASE_AFTER_DAYS * 86_400_000,
    identifyForeign: (token) => parts.foreign.identify(token),
    sessions: signIns.sessions,
    factors: strongSignIn.factors,
    rememberedDevices: strongSignIn.rememberedDevices,
    now,
    audit,
  }
}

const adminOf = (parts: ApiTableParts, audit: AuditAsCaller): AdminParts => {
  const { config, storage, services, engine, now } = parts
  const { accounts, strongSignIn, signIns, telemetry, federation } = services
  return {
    storage,
    apiResource: config.API_RESOURCE,
    issuer: config.ISSUER,
    passwords: accounts.passwords,
    passwordPolicy: accounts.passwordPolicy,
    recovery: accounts.recovery,
    factors: strongSignIn.factors,
    sessions: signIns.sessions,
    endSignIns: signIns.end,
    keys: services.keys,
    refreshKeys: () => engine.refresh(),
    validateClient: (metadata) => validateClient(engine.provider, metadata),
    providers: federation.providers,
    settings: describeSettings(config),
    statistics: telemetry.statistics,
    now,
    audit,
  }
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
