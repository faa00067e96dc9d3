import type { ApiClient } from '#http/api-client.ts'
import { unless } from '#lib/app-error.ts'
import type { Field } from '#view/signed-in-pages.ts'
import { resourcesSchema, type WireResource } from '#wire/resources.ts'
import { inLocale } from './resources.ts'

/** What a role permits, as boxes to tick: one group for each API, one box for each of its scopes. */
export type Permissions = Readonly<Record<string, readonly string[]>>

/** The APIs, as far as this administrator may see them. */
export async function visibleResources(api: ApiClient): Promise<WireResource[]> {
  const seen = await api
    .get('/admin/resources', resourcesSchema)
    .catch(unless('insufficient_scope'))
  return seen?.resources ?? []
}

const prefix = 'may:'

/** The name says which scope of which API, and not its number: another may be added while the form is open. */
const nameOf = (identifier: string, scope: string): string => `${prefix}${identifier} ${scope}`

export const permissionFields = (
  resources: readonly WireResource[],
  held: Permissions,
  { locale }: { locale: string },
): Field[] =>
  resources
    .filter(({ scopes }) => scopes.length > 0)
    .map(({ identifier, name, scopes }) => ({
      kind: 'checks',
      name: `permissions.${identifier}`,
      label: { text: inLocale(name, locale) },
      help: { text: identifier },
      options: scopes.map((scope) => ({
        name: nameOf(identifier, scope.name),
        label: scope.name,
        sub: inLocale(scope.description, locale),
        checked: held[identifier]?.includes(scope.name) ?? false,
      })),
    }))

/** The ticked ones. */
export function permissionsOf(fields: Readonly<Record<string, string>>): Record<string, string[]> {
  const ticked = Object.keys(fields)
    .filter((name) => name.startsWith(prefix) && name.includes(' '))
    .map((name) => name.slice(prefix.length).split(' ') as [string, string])
  const byResource = Map.groupBy(ticked, ([identifier]) => identifier)
  return Object.fromEntries(
    [...byResource].map(([identifier, pairs]) => [identifier, pairs.map(([, scope]) => scope)]),
  )
}
