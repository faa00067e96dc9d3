import { z } from 'zod'
import { describeScopes } from '#oidc/scope-words.ts'
import type { ConnectedApp } from '#oidc/sessions.ts'
import type { ResourceStore } from '#storage/resources.ts'
import type { Locale } from '#view/translate.ts'

/** An application that a person has let in, as they see it. */
export const grantSchema = z
  .object({
    client_id: z.string(),
    client_name: z.string(),
    is_first_party: z.boolean(),
    scopes: z.array(z.string()),
    permissions: z.array(
      z.object({
        resource: z.string().nullable(),
        items: z.array(z.object({ text: z.string(), sensitive: z.boolean() })),
      }),
    ),
    since: z.iso.datetime().nullable(),
    expires_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'ConnectedApp' })

/** `permissions` says in the reader's language what the scopes are good for; `resource` is null for the account itself. */
export async function presentGrant(
  one: ConnectedApp,
  locale: Locale,
  resources: Pick<ResourceStore, 'find'>,
): Promise<z.infer<typeof grantSchema>> {
  const { given } = one
  const permissions = await describeScopes(given, locale, resources)
  return {
    client_id: one.clientId,
    client_name: one.name,
    is_first_party: one.isFirstParty,
    scopes: [...new Set([...given.openid, ...Object.values(given.resources).flat()])].sort(),
    permissions: permissions.map(({ resource = null, items }) => ({ resource, items })),
    since: iso(one.since),
    expires_at: iso(one.expiresAt),
  }
}

const iso = (time: number | undefined): string | null =>
  time === undefined ? null : new Date(time).toISOString()
