import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { InvalidConfig, type Config } from './load.ts'

/** A mini program in `wechat_apps` of the operator's file. */
export const wechatAppSchema = z
  .strictObject({
    app_id: z.string().regex(/^[\w-]{1,64}$/, { error: 'must be an AppID' }),
    app_secret: z.string().min(1).optional(),
    app_secret_file: z.string().optional(),
  })
  .refine((app) => (app.app_secret === undefined) !== (app.app_secret_file === undefined), {
    error: 'needs either app_secret or app_secret_file',
  })

export interface WechatAppConfig {
  appId: string
  appSecret: string
}

/**
 * Every mini program: the environment's first, which is the one of requests that name none, then the file's. Throws
 * InvalidConfig with one sentence per problem.
 */
export function wechatAppsOf(
  config: Pick<Config, 'WECHAT_APP_ID' | 'WECHAT_APP_SECRET'>,
  declared: readonly z.infer<typeof wechatAppSchema>[],
): WechatAppConfig[] {
  const { WECHAT_APP_ID: appId, WECHAT_APP_SECRET: appSecret } = config
  if ((appId === undefined) !== (appSecret === undefined))
    throw new InvalidConfig(['WECHAT_APP_ID and WECHAT_APP_SECRET must be set together.'])
  const own = appId === undefined || appSecret === undefined ? [] : [{ appId, appSecret }]
  const apps = [...own, ...declared.map(withSecret)]
  const twice = apps.find(({ appId }, index) => apps.findIndex((a) => a.appId === appId) < index)
  if (twice) throw new InvalidConfig([`The WeChat app ${twice.appId} is listed twice.`])
  return apps
}

function withSecret(app: z.infer<typeof wechatAppSchema>): WechatAppConfig {
  const { app_id: appId, app_secret: appSecret, app_secret_file: file } = app
  if (file === undefined) return { appId, appSecret: appSecret ?? '' }
  try {
    return { appId, appSecret: readFileSync(file, 'utf8').trim() }
  } catch {
    throw new InvalidConfig([
      `app_secret_file of ${appId} names a file that cannot be read ("${file}").`,
    ])
  }
}
