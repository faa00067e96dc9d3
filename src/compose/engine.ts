import { keyFacts } from '#callers/identify.ts'
import type { ForeignSignIn } from '#foreign-tokens/sign-in.ts'
import { factsOf } from '#http/api.ts'
import type { AppContext } from '#http/context.ts'
import { deviceOf } from '#http/known-browser.ts'
import type { ShowPage } from '#http/pages.ts'
import { createJwtAccessTokens } from '#oidc/access-tokens.ts'
import type { ApiKeyParts } from '#oidc/api-keys.ts'
import { startEngine, type Engine } from '#oidc/engine.ts'
import { watchEngine } from '#oidc/events.ts'
import { registerExtensionGrant } from '#oidc/extension-grants.ts'
import type { PolicyParts } from '#oidc/policy.ts'
import { createProvider } from '#oidc/provider.ts'
import { isActive } from '#storage/active.ts'
import { foreignSubjectOf } from './foreign-tokens.ts'
import type { EngineParts } from './parts.ts'
import { secondFactorPolicyOf } from './strong-sign-in.ts'
import { wechatGrantOf } from './wechat-grant.ts'

/** The engine with everything of ours that it asks. */
export function engineOf(
  parts: EngineParts,
  { showPage, foreign }: { showPage: ShowPage; foreign: ForeignSignIn },
): Promise<Engine> {
  const { config, secrets, storage, services, log, now } = parts
  const { API_RESOURCE: apiResource, ISSUER: issuer } = config
  return startEngine({
    keys: services.keys,
    pollMs: config.KEY_POLL_SECONDS * 1000,
    createJwt: (keySet) =>
      createJwtAccessTokens({
        ...storage,
        apiResource,
        keySet,
        issuer,
        isKeyAlive: isKeyAliveOf(parts),
      }),
    createProvider(keySet, jwt) {
      const provider = createProvider({
        config,
        secrets,
        storage,
        keySet,
        jwt,
        apiKeys: apiKeysOf(parts),
        subjectTypes: [foreignSubjectOf(parts, foreign)],
        showPage,
        permittedScopes: services.accounts.permittedScopes,
        secondFactor: secondFactorPolicyOf(parts, services.strongSignIn),
        signedIn: signedInOf(parts),
        now,
      })
      registerExtensionGrant(provider, wechatGrantOf(parts, { provider, jwt }))
      watchEngine(provider, { log, audit: (event) => services.telemetry.audit.record(event) })
      return provider
    },
    onRefreshError: (error) => log.error({ err: error }, 'cannot look for rotated keys'),
  })
}

/** Keys have no grant that a ban could take away, so their owner is asked for. */
const isKeyAliveOf =
  ({ storage, now }: EngineParts) =>
  async (id: string): Promise<boolean> => {
    const key = await storage.apiKeys.find(id)
    if (!key || (key.expiresAt !== undefined && key.expiresAt <= now())) return false
    return isActive(await storage.users.findById(key.userId))
  }

const apiKeysOf = ({ config, services }: EngineParts): ApiKeyParts => {
  const { apiKeys, accounts } = services
  const { allowedScopes } = accounts
  const resource = config.API_RESOURCE
  return {
    resource,
    check: (key) => keyFacts({ apiKeys, allowedScopes, resource }, key),
  }
}

/** What follows a sign-in in the browser, once the engine asks nothing more. */
const signedInOf =
  ({ config, services }: EngineParts): PolicyParts['signedIn'] =>
  async ({ provider: via, ...signIn }, ctx) => {
    const request = ctx as unknown as AppContext
    const details = via === undefined ? {} : { provider: via }
    const device = deviceOf(request, config.basePath)
    await services.signIns.complete({ ...signIn, details, device }, factsOf(request))
  }
