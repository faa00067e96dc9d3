import { z } from 'zod'
import { describeScopes, type ScopeWords } from '#oidc/scope-words.ts'
import type { ConnectedApp } from '#oidc/sessions.ts'
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

export interface GrantWords {
  scopeWords: ScopeWords
}

/** `permissions` says in the reader's language what the scopes are good for; `resource` is null for the account itself. */
export async function presentGrant(
  one: ConnectedApp,
  locale: Locale,
  { scopeWords }: GrantWords,
): Promise<z.infer<typeof grantSchema>> {
  const { openid, resources } = one.given
  const permissions = await describeScopes(one.given, locale, scopeWords)
  return {
    client_id: one.clientId,
    client_name: one.name,
    is_first_party: one.isFirstParty,
    scopes: [...new Set([...openid, ...Object.values(resources).flat()])].sort(),
    permissions: permissions.map(({ resource = null, items }) => ({ resource, items })),
    since: iso(one.since),
    expires_at: iso(one.expiresAt),
  }
}

const iso = (time: number | undefined): string | null =>
  time === undefined ? null : new Date(time).toISOString()
