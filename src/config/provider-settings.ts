import { z } from 'zod'
import { help, secret, url, whole } from './kinds.ts'

/** Settings of sign-in through others, one app a vendor; more of them go into the YAML file or the admin API. */
const id = (of: string) => z.string().min(1).max(255).optional().meta(help(of))
const key = (of: string) => z.string().min(1).optional().meta(secret(of))
const address = (of: string) =>
  url(['https://', 'http://'])
    .refine((value) => URL.canParse(value), { error: 'must be an address' })
    .transform((value) => value.replace(/\/+$/, ''))
    .optional()
    .meta(help(`where ${of} is, when not at its usual address: a proxy, a stand-in`))

export const providerSettings = {
  PROVIDER_POLL_SECONDS: whole(1, 3600, 3).meta(
    help('how often a process looks for providers that an administrator has changed'),
  ),
  GOOGLE_CLIENT_ID: id('sign-in with Google: client id'),
  GOOGLE_CLIENT_SECRET: key('its secret'),
  GOOGLE_BASE_URL: address('Google (its issuer)'),
  GITHUB_CLIENT_ID: id('sign-in with GitHub: client id'),
  GITHUB_CLIENT_SECRET: key('its secret'),
  GITHUB_BASE_URL: address('GitHub'),
  GITHUB_API_BASE_URL: address('the API of GitHub'),
  APPLE_CLIENT_ID: id('sign-in with Apple: services id'),
  APPLE_TEAM_ID: id('the team'),
  APPLE_KEY_ID: id('the key'),
  APPLE_PRIVATE_KEY: key('the key itself, the text of the .p8 file'),
  APPLE_BASE_URL: address('Apple (its issuer)'),
  MICROSOFT_CLIENT_ID: id('sign-in with Microsoft: application id'),
  MICROSOFT_CLIENT_SECRET: key('its secret'),
  MICROSOFT_TENANT: id('the directory; common takes all'),
  MICROSOFT_BASE_URL: address('Microsoft'),
  WECHAT_WEB_APP_ID: id('WeChat sign-in by QR code on a website: app id'),
  WECHAT_WEB_APP_SECRET: key('its secret'),
  WECHAT_OFFICIAL_APP_ID: id('WeChat sign-in inside WeChat (official account): app id'),
  WECHAT_OFFICIAL_APP_SECRET: key('its secret'),
  WECHAT_OPEN_BASE_URL: address('WeChat (open.weixin.qq.com)'),
  WECOM_CORP_ID: id('sign-in with WeCom: corp id'),
  WECOM_AGENT_ID: id('the agent'),
  WECOM_SECRET: key('its secret'),
  WECOM_BASE_URL: address('WeCom'),
  WECOM_API_BASE_URL: address('the API of WeCom'),
  DINGTALK_CLIENT_ID: id('sign-in with DingTalk: client id'),
  DINGTALK_CLIENT_SECRET: key('its secret'),
  DINGTALK_BASE_URL: address('DingTalk'),
  DINGTALK_API_BASE_URL: address('the API of DingTalk'),
  FEISHU_APP_ID: id('sign-in with Feishu: app id'),
  FEISHU_APP_SECRET: key('its secret'),
  FEISHU_BASE_URL: address('Feishu'),
  FEISHU_API_BASE_URL: address('the API of Feishu'),
}

/** What makes a provider, together: all of a line or nothing of it. */
export const providerPairs: readonly (readonly (keyof typeof providerSettings)[])[] = [
  ['GOOGLE_CLIENT_ID', 'GOOGLE_CLIENT_SECRET'],
  ['GITHUB_CLIENT_ID', 'GITHUB_CLIENT_SECRET'],
  ['APPLE_CLIENT_ID', 'APPLE_TEAM_ID', 'APPLE_KEY_ID', 'APPLE_PRIVATE_KEY'],
  ['MICROSOFT_CLIENT_ID', 'MICROSOFT_CLIENT_SECRET'],
  ['WECHAT_WEB_APP_ID', 'WECHAT_WEB_APP_SECRET'],
  ['WECHAT_OFFICIAL_APP_ID', 'WECHAT_OFFICIAL_APP_SECRET'],
  ['WECOM_CORP_ID', 'WECOM_AGENT_ID', 'WECOM_SECRET'],
  ['DINGTALK_CLIENT_ID', 'DINGTALK_CLIENT_SECRET'],
  ['FEISHU_APP_ID', 'FEISHU_APP_SECRET'],
]
