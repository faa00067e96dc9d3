import type { SecondStep } from '#factors/second-step.ts'
import { AppError } from '#lib/app-error.ts'
import type { ExtensionGrant } from '#oidc/extension-grants.ts'
import type { FirstPartyTokens } from '#oidc/first-party.ts'
import type { CompleteSignIn } from '#users/complete-sign-in.ts'
import { wechatSignInSchema, type WechatLogin } from './login.ts'
import { wechatGrantType } from './mini-programs.ts'

/**
 * Mini programs at the token endpoint: the parameters of `/auth/wechat-login`, and the same tokens, for any first-party
 * client that is registered for the grant. Counted against the limits of the address, as the route is.
 */
export interface WechatGrantParts {
  /** Counts a request of this address; rejects with 429 when it was one too many. */
  limit(address: string): Promise<unknown>
  login: WechatLogin
  /** Rejects when a second factor is due. */
  secondStep: SecondStep
  issueTokens: FirstPartyTokens['issue']
  completeSignIn: CompleteSignIn
}

export const createWechatGrant = (parts: WechatGrantParts): ExtensionGrant => ({
  grantType: wechatGrantType,
  parameters: Object.keys(wechatSignInSchema.shape),
  async exchange({ parameters, ...request }) {
    await parts.limit(request.address)
    const parsed = wechatSignInSchema.safeParse(parameters)
    if (!parsed.success) throw invalid(parsed.error.issues)
    const { user, details } = await parts.login(parsed.data, request)
    const amr = ['fed']
    const { resource } = parsed.data
    const { clientId } = request
    await parts.secondStep(user, { clientId, resource, amr, details })
    const answer = await parts.issueTokens({
      amr,
      accountId: user.id,
      epoch: user.signInEpoch,
      clientId,
      isClientAuthenticated: true,
      resource,
      address: request.address,
      agent: request.agent,
    })
    await parts.completeSignIn({ user, amr, clientId, details }, request)
    return answer
  },
})

const invalid = (issues: readonly { path: PropertyKey[]; message: string }[]): AppError =>
  new AppError('validation_failed', {
    problems: issues.map(({ path, message }) => ({ path: path.join('.'), message })),
  })
