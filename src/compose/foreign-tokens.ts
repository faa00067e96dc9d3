import { foreignTokenSubject } from '#foreign-tokens/exchange.ts'
import { createForeignSignIn, type ForeignSignIn } from '#foreign-tokens/sign-in.ts'
import { createForeignTokens } from '#foreign-tokens/verify.ts'
import { createOutbound } from '#http/outbound.ts'
import type { SubjectTokenType } from '#oidc/token-exchange.ts'
import type { EngineParts } from './parts.ts'

/** People who come with the JWTs of other providers. */
export function foreignSignInOf(parts: EngineParts): ForeignSignIn {
  const { config, storage, services, log, now } = parts
  const { telemetry, federation, signIns } = services
  return createForeignSignIn({
    identities: storage.identities,
    users: storage.users,
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
    signIn: federation.signInFederated,
    async complete({ user, isNew, issuer, subject }, request) {
      const { address, agent, traceId } = request
      const details = { issuer, subject }
      if (isNew) {
        const about = { actor: user.id, target: `user:${user.id}`, details }
        telemetry.audit.record({ type: 'user.registered', ...about, address, agent, traceId })
      }
      await signIns.complete({ user, amr: ['fed'], details }, request)
    },
  })
}

/** What the token endpoint asks when one of them signs in. */
export const foreignSubjectOf = (
  { config, services }: EngineParts,
  { enter, complete }: ForeignSignIn,
): SubjectTokenType =>
  foreignTokenSubject({
    enter,
    complete,
    limit: (address) => services.limits.requests.count(address),
    allowedScopes: services.accounts.allowedScopes,
    resource: config.API_RESOURCE,
  })
