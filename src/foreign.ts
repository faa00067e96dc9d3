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
    entered: ({ userId, isNew, issuer, subject }) =>
      audit.record({
        type: 'login.succeeded',
        actor: userId,
        details: { issuer, subject, is_new: isNew },
      }),
  })
}

/** What the token endpoint asks when one of them signs in. */
export const exchangeOf = (
  { config, services }: EngineParts,
  { enter }: ForeignSignIn,
): ForeignTokenParts => ({
  enter,
  limit: (address) => services.requestLimits.count(address),
  allowedScopes: services.allowedScopes,
  resource: config.API_RESOURCE,
})
