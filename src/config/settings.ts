import { z } from 'zod'
import { accountSettings } from './account-settings.ts'
import { issuerSettings } from './issuer-settings.ts'
import { lookSettings } from './look-settings.ts'
import { providerSettings } from './provider-settings.ts'
import { serverSettings } from './server-settings.ts'
import { storageSettings } from './storage-settings.ts'
import { tokenSettings } from './token-settings.ts'
import { wechatSettings } from './wechat-settings.ts'

/** Every setting, by the name of its environment variable: what it accepts, its default, and one line of help. */
export const settings = {
  ...serverSettings,
  ...storageSettings,
  ...tokenSettings,
  ...accountSettings,
  ...issuerSettings,
  ...lookSettings,
  ...wechatSettings,
  ...providerSettings,
}

export const settingsSchema = z.object(settings)
export type Settings = z.infer<typeof settingsSchema>
export type SettingName = keyof Settings
