import { createForeignSignIn, type ForeignSignIn } from '#federation/foreign-sign-in.ts'
import { createForeignTokens } from '#federation/foreign-tokens.ts'
import { createOutbound } from '#http/outbound.ts'
import type { ForeignTokenParts } from '#oidc/exchange-foreign-token.ts'
import type { EngineParts } from './app.ts'

/** People who come with the JWTs of other providers. */
export function foreignOf(parts: EngineParts): ForeignSignIn {
  const { config, storage, services, log } = parts
  const { now, audit } = services
  return createForeignSignIn({
    ...storage,
    now,
    tokens: createForeignTokens({
      issuers: parts.trustedIssuers ?? [],
      getJson: createOutbound({
        allowedHosts: config.FETCH_ALLOWED_HOSTS,
        maxBytes: 256 * 1024,
      }).getJson,
      now,
      onError: (error, issuer) => log.warn({ err: error, issuer }, 'cannot fetch the keys'),
    }),
    signIn: services.federation.signInFederated,
    async complete({ user, isNew, issuer, subject }, request) {
      const { address, agent, traceId } = request
      const details = { issuer, subject }
      if (isNew) {
        const about = { actor: user.id, target: `user:${user.id}`, details }
        audit.record({ type: 'user.registered', ...about, address, agent, traceId })
      }
      await services.completeSignIn({ user, amr: ['fed'], details }, request)
    },
  })
}

/** What the token endpoint asks when one of them signs in. */
export const exchangeOf = (
  { config, services }: EngineParts,
  { enter, complete }: ForeignSignIn,
): ForeignTokenParts => ({
  enter,
  complete,
  limit: (address) => services.requestLimits.count(address),
  allowedScopes: services.allowedScopes,
  resource: config.API_RESOURCE,
})
