import type { Resource, ResourceStore } from '#storage/resources.ts'
import type { Permissions } from '#view/page-parts.ts'
import { isMessageKey, translate, type Locale, type MessageKey } from '#view/translate.ts'

/** Scopes of OpenID Connect, and of resources by their identifiers. */
export interface GivenScopes {
  openid: readonly string[]
  resources: Readonly<Record<string, readonly string[]>>
}

/** In the reader's language, by resource; sensitive things first. What says nothing to people, and empty groups, are left out. */
export async function describeScopes(
  given: GivenScopes,
  locale: Locale,
  resources: Pick<ResourceStore, 'find'>,
): Promise<Permissions> {
  const own = given.openid
    .filter((scope) => scope !== 'openid' && scope !== 'offline_access')
    .map((scope) => ({ text: ownScope(scope, locale), sensitive: false }))
  const groups: Permissions = own.length > 0 ? [{ items: own }] : []
  for (const [identifier, names] of Object.entries(given.resources)) {
    const resource = await resources.find(identifier)
    if (resource && names.length > 0) groups.push(resourceGroup(resource, names, locale))
  }
  return groups
}

function ownScope(scope: string, locale: Locale): string {
  const key = `scopes.${scope}`
  return isMessageKey(key)
    ? translate(locale, key)
    : translate(locale, 'scopes.unknown' satisfies MessageKey, { scope })
}

function resourceGroup(
  resource: Resource,
  names: readonly string[],
  locale: Locale,
): Permissions[number] {
  const items = names.map((name) => describeScope(resource, name, locale))
  return {
    resource: inLocale(resource.name, locale) ?? resource.identifier,
    items: items.toSorted((a, b) => Number(b.sensitive) - Number(a.sensitive)),
  }
}

/** One scope of a resource; its name where no one has described it. */
export function describeScope(
  { scopes }: Resource,
  name: string,
  locale: Locale,
): Permissions[number]['items'][number] {
  const scope = scopes.find((candidate) => candidate.name === name)
  return {
    text: inLocale(scope?.description, locale) ?? name,
    sensitive: scope?.sensitive === true,
  }
}

const inLocale = (texts: Record<string, string> | undefined, locale: Locale): string | undefined =>
  texts?.[locale] ?? texts?.['en'] ?? Object.values(texts ?? {})[0]
