import type { inject } from 'light-my-request'
import { busy } from '#lib/app-error.ts'
import type { Engine } from '#oidc/engine.ts'
import { firstPartyClientId, type TokenAnswer } from '#oidc/first-party.ts'
import type { TokenFunctions } from '#users/finish-sign-in.ts'
import { firstPartyTokensOf } from './first-party-tokens.ts'
import type { EngineParts } from './parts.ts'

/** Answers a request as if it had come over the network. */
export type Handle = Parameters<typeof inject>[0]

/** Refresh goes through the token endpoint itself, so that rotation, grace and reuse detection are the engine's. */
export function tokenFunctionsOf(
  parts: EngineParts,
  { engine, handle }: { engine: Engine; handle: Handle },
): TokenFunctions {
  const { config, services } = parts
  const tokens = firstPartyTokensOf(parts, () => engine)
  return {
    async issue(signIn) {
      const answer = await tokens.issue(signIn)
      const { accountId: actor, clientId = firstPartyClientId, address, agent } = signIn
      const details = { grant_type: 'first_party', scope: answer.scope }
      const event = { type: 'token.issued', actor, clientId, address, agent, details } as const
      services.telemetry.audit.record(event)
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
