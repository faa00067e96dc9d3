import { z } from 'zod'
import type { ApiKey } from '#storage/api-keys.ts'
import { iso, nextCursor, isoOrNull } from './pages.ts'

/** What a scope lets its holder do, in one language. */
export const describedScopeSchema = z.object({
  name: z.string(),
  text: z.string(),
  sensitive: z.boolean(),
})
export type DescribedScope = z.infer<typeof describedScopeSchema>

export const apiKeySchema = z
  .object({
    id: z.string(),
    access_key: z.string(),
    name: z.string(),
    scopes: z.array(z.string()),
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime().nullable(),
    last_used_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'ApiKey' })

export const apiKeysSchema = z.object({ api_keys: z.array(apiKeySchema) })

/** As it is answered once, when it is made. */
export const newApiKeySchema = apiKeySchema.extend({ key: z.string() })

export const describedScopesSchema = z.object({ scopes: z.array(describedScopeSchema) })

export const adminApiKeySchema = z
  .object({
    id: z.string(),
    access_key: z.string(),
    user_id: z.string(),
    name: z.string(),
    scopes: z.array(z.string()),
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime().nullable(),
    last_used_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'AdminApiKey' })

export const apiKeyPageSchema = z.object({
  api_keys: z.array(adminApiKeySchema),
  next_cursor: nextCursor,
})

export const presentApiKey = (key: ApiKey): WireApiKey => ({
  id: key.id,
  access_key: `uak_${key.id}`,
  name: key.name,
  scopes: key.scopes,
  created_at: iso(key.createdAt),
  expires_at: isoOrNull(key.expiresAt),
  last_used_at: isoOrNull(key.lastUsedAt),
})

export const presentAnyKey = (key: ApiKey): WireAdminApiKey => ({
  ...presentApiKey(key),
  user_id: key.userId,
})

export type WireApiKey = z.infer<typeof apiKeySchema>
export type WireAdminApiKey = z.infer<typeof adminApiKeySchema>
export type WireDescribedScope = z.infer<typeof describedScopeSchema>
