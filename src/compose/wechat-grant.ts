import type { Engine } from '#oidc/engine.ts'
import type { ExtensionGrant } from '#oidc/extension-grants.ts'
import { createWechatGrant } from '#wechat/grant.ts'
import { firstPartyTokensOf } from './first-party-tokens.ts'
import type { EngineParts } from './parts.ts'

/** Mini programs at the token endpoint of an engine that is being made. */
export const wechatGrantOf = (
  parts: EngineParts,
  engine: Pick<Engine, 'provider' | 'jwt'>,
): ExtensionGrant => {
  const { limits, wechat, strongSignIn, signIns } = parts.services
  return createWechatGrant({
    limit: (address) => limits.requests.count(address),
    login: wechat.login,
    secondStep: strongSignIn.secondStep,
    issueTokens: firstPartyTokensOf(parts, () => engine).issue,
    completeSignIn: signIns.complete,
  })
}
