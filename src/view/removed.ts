import { translate, type Locale } from './translate.ts'

/** What was removed from an account when its owner took it over, as one line of a mail. */
export function describeRemoved(
  removed: { apiKeys: number; identities: readonly string[]; factors: number; password: boolean },
  locale: Locale,
): string {
  const { apiKeys, identities, factors, password } = removed
  const separator = translate(locale, 'common.listSeparator')
  const names = [...new Set(identities)].join(separator)
  const lines = [
    ...(password ? [translate(locale, 'removed.password')] : []),
    ...(apiKeys > 0 ? [translate(locale, 'removed.apiKeys', { count: apiKeys })] : []),
    ...(names ? [translate(locale, 'removed.identities', { names })] : []),
    ...(factors > 0 ? [translate(locale, 'removed.factors', { count: factors })] : []),
  ]
  return lines.join('; ')
}
