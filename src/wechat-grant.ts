import { wechatSignInSchema } from '#federation/wechat/login.ts'
import { AppError } from '#lib/app-error.ts'
import type { Engine } from '#oidc/engine.ts'
import type { ExtensionGrant } from '#oidc/extension-grants.ts'
import { createFirstPartyTokens } from '#oidc/first-party.ts'
import type { EngineParts } from './app.ts'
import { wechatGrantType } from './wechat.ts'

/**
 * Mini programs at the token endpoint: the parameters of `/auth/wechat-login`, and the same tokens, for any first-party
 * client that is registered for the grant. Counted against the limits of the address, as the route is.
 */
export function wechatGrant(
  { config, storage, services }: EngineParts,
  { provider, jwt }: Pick<Engine, 'provider' | 'jwt'>,
): ExtensionGrant {
  const tokens = createFirstPartyTokens({
    ...services,
    provider: () => provider,
    jwt: () => jwt,
    artifacts: storage.artifacts,
    resources: storage.resources,
    defaultResource: config.API_RESOURCE,
  })
  return {
    grantType: wechatGrantType,
    parameters: Object.keys(wechatSignInSchema.shape),
    async exchange({ parameters, ...request }) {
      await services.requestLimits.count(request.address)
      const parsed = wechatSignInSchema.safeParse(parameters)
      if (!parsed.success) throw invalid(parsed.error.issues)
      const { user, details } = await services.wechat.login(parsed.data, request)
      const amr = ['fed']
      const { resource } = parsed.data
      const { clientId } = request
      await services.secondStep(user, { clientId, resource, amr, details })
      const answer = await tokens.issue({
        amr,
        accountId: user.id,
        epoch: user.signInEpoch,
        clientId,
        isClientAuthenticated: true,
        resource,
        address: request.address,
        agent: request.agent,
      })
      await services.completeSignIn({ user, amr, clientId, details }, request)
      return answer
    },
  }
}

const invalid = (issues: readonly { path: PropertyKey[]; message: string }[]): AppError =>
  new AppError('validation_failed', 422, {
    problems: issues.map(({ path, message }) => ({ path: path.join('.'), message })),
  })
