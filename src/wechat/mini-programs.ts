import { AppError } from '#lib/app-error.ts'
import type { ResourceScope } from '#storage/resources.ts'
import type { WechatApp } from './app.ts'
import type { Phone, Picture, WechatApi } from './api.ts'
import { createWechatLogin, type WechatLogin, type WechatLoginParts } from './login.ts'

/** Everything of WeChat's mini programs that routes and the token endpoint ask for, of the configured apps. */
export interface MiniPrograms {
  login: WechatLogin
  /** `appId` as everywhere: the first app without. */
  phoneNumber(
    appId: string | undefined,
    given: { code: string; openid?: string | undefined },
  ): Promise<Phone>
  qrCode(appId: string | undefined, wanted: Record<string, unknown>): Promise<Picture>
}

export interface MiniProgramsParts extends Omit<WechatLoginParts, 'appOf'> {
  apps: readonly WechatApp[]
  api: WechatApi
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

export function createMiniPrograms({ apps, ...parts }: MiniProgramsParts): MiniPrograms {
  const appOf = (appId: string | undefined): WechatApp => {
    const app = appId === undefined ? apps[0] : apps.find((one) => one.appId === appId)
    if (!app) throw new AppError('wechat_app_unknown')
    return app
  }
  return {
    login: createWechatLogin({ ...parts, appOf }),
    phoneNumber: async (appId, given) => parts.api.phoneNumber(appOf(appId), given),
    qrCode: async (appId, wanted) => parts.api.qrCode(appOf(appId), wanted),
  }
}
