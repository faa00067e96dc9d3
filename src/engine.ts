import { factsOf } from '#http/api.ts'
import type { AppContext } from '#http/context.ts'
import { deviceOf } from '#http/known-browser.ts'
import { createJwtAccessTokens } from '#oidc/access-tokens.ts'
import { startEngine, type Engine } from '#oidc/engine.ts'
import { watchEngine } from '#oidc/events.ts'
import type { ForeignTokenParts } from '#oidc/exchange-foreign-token.ts'
import { registerExtensionGrant } from '#oidc/extension-grants.ts'
import { createProvider } from '#oidc/provider.ts'
import type { ShowPage } from '#http/pages.ts'
import { isActive } from '#storage/active.ts'
import type { EngineParts } from './app.ts'
import { keyFacts } from './identify.ts'
import { wechatGrant } from './wechat-grant.ts'
import { secondFactorPolicyOf } from './strong-sign-in.ts'

/** The engine with everything of ours that it asks. */
export function engineOf(
  parts: EngineParts,
  { showPage, foreignTokens }: { showPage: ShowPage; foreignTokens: ForeignTokenParts },
): Promise<Engine> {
  const { config, storage, services, log } = parts
  const { secrets, now, permittedScopes, audit } = services
  const { API_RESOURCE: resource, ISSUER: issuer } = config
  const { resources } = storage
  // Keys have no grant that a ban could take away, so their owner is asked for.
  const isKeyAlive = async (id: string): Promise<boolean> => {
    const key = await storage.apiKeys.find(id)
    if (!key || (key.expiresAt !== undefined && key.expiresAt <= now())) return false
    return isActive(await storage.users.findById(key.userId))
  }
  const apiKeys = {
    resource,
    resources,
    check: (key: string) => keyFacts({ ...services, resource }, key),
  }
  return startEngine({
    keys: services.keys,
    pollMs: config.KEY_POLL_SECONDS * 1000,
    createJwt: (keySet) =>
      createJwtAccessTokens({ ...storage, apiResource: resource, keySet, issuer, isKeyAlive }),
    createProvider(keySet, jwt) {
      const provider = createProvider({
        config,
        secrets,
        storage,
        keySet,
        jwt,
        apiKeys,
        foreignTokens,
        showPage,
        permittedScopes,
        secondFactor: secondFactorPolicyOf(config, storage, services),
        signedIn: async ({ provider: via, ...signIn }, ctx) => {
          const request = ctx as unknown as AppContext
          await services.completeSignIn(
            {
              ...signIn,
              details: via === undefined ? {} : { provider: via },
              device: deviceOf(request, config.basePath),
            },
            factsOf(request),
          )
        },
        now,
      })
      registerExtensionGrant(provider, wechatGrant(parts, { provider, jwt }))
      watchEngine(provider, { log, audit: (event) => audit.record(event) })
      return provider
    },
    onRefreshError: (error) => log.error({ err: error }, 'cannot look for rotated keys'),
  })
}
