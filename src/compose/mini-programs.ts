import { loadDeclared } from '#config/declared.ts'
import { wechatAppsOf } from '#config/wechat-apps.ts'
import type { FederatedSignIn } from '#federation/sign-in.ts'
import { createSealer } from '#lib/sealing.ts'
import type { Telemetry } from '#telemetry/telemetry.ts'
import { createWechatAccessTokens } from '#wechat/access-token.ts'
import { createWechatApi } from '#wechat/api.ts'
import { createWechatHttp } from '#wechat/http.ts'
import { createMiniPrograms, type MiniPrograms } from '#wechat/mini-programs.ts'
import { createWechatSessionKeys } from '#wechat/session-keys.ts'
import type { Foundation } from './foundation.ts'

/** The mini programs that the operator has configured. */
export function miniProgramsOf(
  { config, storage, secrets, now }: Foundation,
  { audit, signIn }: { audit: Telemetry['audit']; signIn: FederatedSignIn },
): MiniPrograms {
  const { artifacts, users } = storage
  const sealer = createSealer(secrets, 'wechat')
  const http = createWechatHttp({
    baseUrl: config.WECHAT_API_BASE_URL,
    timeoutMs: config.WECHAT_TIMEOUT_MS,
  })
  const accessTokens = createWechatAccessTokens({ http, storage, sealer, now })
  return createMiniPrograms({
    apps: wechatAppsOf(config, loadDeclared(config).wechatApps),
    api: createWechatApi({ http, accessTokens, now }),
    sessionKeys: createWechatSessionKeys({ artifacts, sealer, now }),
    signIn: async (seen, newUser) => signIn(seen, { trustsEmail: false, newUser }),
    users,
    now,
    audit: (event, { address, agent, traceId, clientId }) =>
      audit.record({ ...event, address, agent, traceId, clientId }),
  })
}
