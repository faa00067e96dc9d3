import { isSecret, type Config } from './load.ts'
import { settings, type SettingName } from './settings.ts'

/** One line a setting, as it is in force: `NAME=value  # help`. Secrets are masked, never shown in part. */
export function describeConfig(config: Config): string {
  return (Object.keys(settings) as SettingName[])
    .map(
      (name) =>
        `${name}=${shown(name, config[name])}  # ${String(settings[name].meta()?.['help'])}`,
    )
    .join('\n')
}

function shown(name: SettingName, value: unknown): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return ''
  if (isSecret(name)) return '********'
  return Array.isArray(value) ? value.join(',') : `${value as string | number | boolean}`
}
