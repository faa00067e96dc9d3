import { describeScopes } from '#oidc/scope-words.ts'
import type { ConnectedApp } from '#oidc/sessions.ts'
import type { ResourceStore } from '#storage/resources.ts'
import type { Locale } from '#view/translate.ts'
import type { WireApp } from '#wire/apps.ts'
import { isoOrNull } from '#wire/pages.ts'

/** `permissions` says in the reader's language what the scopes are good for; `resource` is null for the account itself. */
export async function presentGrant(
  one: ConnectedApp,
  locale: Locale,
  resources: Pick<ResourceStore, 'find'>,
): Promise<WireApp> {
  const { given } = one
  const permissions = await describeScopes(given, locale, resources)
  return {
    client_id: one.clientId,
    client_name: one.name,
    is_first_party: one.isFirstParty,
    scopes: [...new Set([...given.openid, ...Object.values(given.resources).flat()])].sort(),
    permissions: permissions.map(({ resource = null, items }) => ({ resource, items })),
    since: isoOrNull(one.since),
    expires_at: isoOrNull(one.expiresAt),
  }
}
