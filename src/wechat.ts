import { loadDeclared } from '#config/declared.ts'
import { wechatAppsOf } from '#config/wechat-apps.ts'
import type { FederatedSignIn } from '#federation/sign-in.ts'
import { createWechatAccessTokens } from '#federation/wechat/access-token.ts'
import {
  createWechatApi,
  type Phone,
  type Picture,
  type WechatApp,
} from '#federation/wechat/api.ts'
import { createWechatHttp } from '#federation/wechat/http.ts'
import { createWechatLogin, type WechatLogin } from '#federation/wechat/login.ts'
import { createWechatSessionKeys } from '#federation/wechat/session-keys.ts'
import { AppError } from '#lib/app-error.ts'
import { createSealer } from '#lib/sealing.ts'
import type { ResourceScope } from '#storage/resources.ts'
import type { ServicesParts } from './services.ts'
import type { Measures } from './measures.ts'

/** Everything of WeChat's mini programs that routes and the token endpoint ask for, of the configured apps. */
export interface Wechat {
  login: WechatLogin
  /** `appId` as everywhere: the first app without. */
  phoneNumber(
    appId: string | undefined,
    given: { code: string; openid?: string | undefined },
  ): Promise<Phone>
  qrCode(appId: string | undefined, wanted: Record<string, unknown>): Promise<Picture>
}

/** The extension grant of mini programs; see docs/wechat.md. */
export const wechatGrantType = 'urn:yumen:params:oauth:grant-type:wechat-mini-program'

/** What a server of the operator's needs at `/wechat/…`; a client must be registered for it. */
export const wechatScope: ResourceScope = {
  name: 'wechat:server',
  description: {
    en: 'Ask WeChat for phone numbers and mini-program codes',
    'zh-CN': '向微信获取手机号和小程序码',
  },
  restricted: true,
  sensitive: true,
}

export function createWechat(
  { config, storage, now }: ServicesParts,
  {
    secrets,
    audit,
    signIn,
  }: { secrets: readonly string[]; audit: Measures['audit']; signIn: FederatedSignIn },
): Wechat {
  const apps = wechatAppsOf(config, loadDeclared(config).wechatApps)
  const appOf = (appId: string | undefined): WechatApp => {
    const app = appId === undefined ? apps[0] : apps.find((one) => one.appId === appId)
    if (!app) throw new AppError('wechat_app_unknown', 400)
    return app
  }
  const { artifacts, users } = storage
  const sealer = createSealer(secrets, 'wechat')
  const http = createWechatHttp({
    baseUrl: config.WECHAT_API_BASE_URL,
    timeoutMs: config.WECHAT_TIMEOUT_MS,
  })
  const accessTokens = createWechatAccessTokens({ http, storage, sealer, now })
  const api = createWechatApi({ http, accessTokens, now })
  return {
    login: createWechatLogin({
      appOf,
      api,
      sessionKeys: createWechatSessionKeys({ artifacts, sealer, now }),
      signIn: async (seen, newUser) => signIn(seen, { trustsEmail: false, newUser }),
      users,
      now,
      audit: (event, { address, agent, traceId, clientId }) =>
        audit.record({ ...event, address, agent, traceId, clientId }),
    }),
    phoneNumber: async (appId, given) => api.phoneNumber(appOf(appId), given),
    qrCode: async (appId, wanted) => api.qrCode(appOf(appId), wanted),
  }
}
