import { z } from 'zod'
import { help, secret, url, whole } from './kinds.ts'

/** Settings of WeChat: the mini program, and where WeChat's servers are. More apps: `wechat_apps` in CONFIG_FILE. */
export const wechatSettings = {
  WECHAT_APP_ID: z
    .string()
    .regex(/^[\w-]{1,64}$/, { error: 'must be the AppID of a mini program' })
    .optional()
    .meta(help('AppID of the WeChat mini program')),
  WECHAT_APP_SECRET: z.string().min(1).optional().meta(secret('its AppSecret')),
  WECHAT_API_BASE_URL: url(['https://', 'http://'])
    .default('https://api.weixin.qq.com')
    .meta(help('WeChat’s servers, or a proxy of them')),
  WECHAT_TIMEOUT_MS: whole(100, 60_000, 5000).meta(help('longest single call to them')),
}
