import type { Engine } from '#oidc/engine.ts'
import { createFirstPartyTokens, type FirstPartyTokens } from '#oidc/first-party.ts'
import type { EngineParts } from './parts.ts'

/** Tokens for the operator's own applications, as the engine in service makes them. */
export const firstPartyTokensOf = (
  { config, storage, services, now }: EngineParts,
  engine: () => Pick<Engine, 'provider' | 'jwt'>,
): FirstPartyTokens =>
  createFirstPartyTokens({
    provider: () => engine().provider,
    jwt: () => engine().jwt,
    artifacts: storage.artifacts,
    resources: storage.resources,
    allowedScopes: services.accounts.allowedScopes,
    sealer: services.sealer,
    now,
    defaultResource: config.API_RESOURCE,
  })
