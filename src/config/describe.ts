import { isSecret, type Config } from './load.ts'
import { settings, type SettingName } from './settings.ts'
import { accountSettings } from './account-settings.ts'
import { lookSettings } from './look-settings.ts'
import { serverSettings } from './server-settings.ts'
import { storageSettings } from './storage-settings.ts'

/** A setting as it is in force. */
export interface DescribedSetting {
  name: SettingName
  group: 'server' | 'storage' | 'tokens' | 'accounts' | 'looks'
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

function groupOf(name: SettingName): DescribedSetting['group'] {
  if (name in serverSettings) return 'server'
  if (name in storageSettings) return 'storage'
  if (name in accountSettings) return 'accounts'
  return name in lookSettings ? 'looks' : 'tokens'
}

function shown(name: SettingName, value: unknown): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return ''
  if (isSecret(name)) return '********'
  return Array.isArray(value) ? value.join(',') : `${value as string | number | boolean}`
}
