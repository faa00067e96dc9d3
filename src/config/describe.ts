import { isSecret, type Config } from './load.ts'
import { settings, type SettingName } from './settings.ts'
import { accountSettings } from './account-settings.ts'
import { issuerSettings } from './issuer-settings.ts'
import { lookSettings } from './look-settings.ts'
import { providerSettings } from './provider-settings.ts'
import { serverSettings } from './server-settings.ts'
import { storageSettings } from './storage-settings.ts'
import { tokenSettings } from './token-settings.ts'
import { wechatSettings } from './wechat-settings.ts'

const groups = {
  server: serverSettings,
  storage: storageSettings,
  tokens: tokenSettings,
  accounts: accountSettings,
  providers: providerSettings,
  issuers: issuerSettings,
  wechat: wechatSettings,
  looks: lookSettings,
}

/** The headings under which settings are listed, in this order. */
export const settingGroups = [
  'server',
  'storage',
  'tokens',
  'accounts',
  'providers',
  'issuers',
  'wechat',
  'looks',
] as const satisfies readonly (keyof typeof groups)[]
export type SettingGroup = (typeof settingGroups)[number]

/** A setting as it is in force. */
export interface DescribedSetting {
  name: SettingName
  group: SettingGroup
  /** As it would stand in the environment; empty when it is not set. A secret is masked, never shown in part. */
  value: string
  help: string
}

export const describeSettings = (config: Config): DescribedSetting[] =>
  (Object.keys(settings) as SettingName[]).map((name) => ({
    name,
    group: groupOf(name),
    value: shown(name, config[name]),
    help: String(settings[name].meta()?.['help']),
  }))

/** One line a setting: `NAME=value  # help`. */
export const describeConfig = (config: Config): string =>
  describeSettings(config)
    .map(({ name, value, help }) => `${name}=${value}  # ${help}`)
    .join('\n')

const groupOf = (name: SettingName): SettingGroup =>
  settingGroups.find((group) => name in groups[group])!

function shown(name: SettingName, value: unknown): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return ''
  if (isSecret(name)) return '********'
  return Array.isArray(value) ? value.join(',') : `${value as string | number | boolean}`
}
