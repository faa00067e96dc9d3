import { z } from 'zod'
import { text } from '#http/api.ts'
import { metadataClaimsSchema } from '#lib/metadata-claims.ts'
import type { Resource } from '#storage/resources.ts'

const locale = z.string().regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/)
const localized = z
  .record(locale, text(500).min(1))
  .refine((texts) => Object.keys(texts).length > 0, { error: 'needs a text in some language' })

/** What OpenID Connect says with these words, no API can mean with them. */
const reserved = ['openid', 'profile', 'email', 'address', 'phone', 'offline_access']

const scope = z.strictObject({
  name: z
    .string()
    .max(128)
    .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, { error: 'must be a scope token (RFC 6749 §3.3)' })
    .refine((name) => !reserved.includes(name), { error: 'is a scope of OpenID Connect' }),
  description: localized.describe('What it allows, by language; shown on the consent page.'),
  restricted: z
    .boolean()
    .optional()
    .describe('Only for users whose roles permit it and clients that list it.'),
  sensitive: z.boolean().optional().describe('Highlighted on the consent page.'),
})

export const resourceBody = z.strictObject({
  name: localized.describe('Display name, by language.'),
  scopes: z
    .array(scope)
    .max(200)
    .refine((scopes) => new Set(scopes.map(({ name }) => name)).size === scopes.length, {
      error: 'has a scope twice',
    })
    .default([]),
  access_token_ttl: z.int().min(10).max(86_400).nullish().describe('Seconds.'),
  metadata_claims: metadataClaimsSchema
    .nullish()
    .describe(
      'Claims of its access tokens, taken from the user’s metadata: { tier: public.tier }.',
    ),
})

export const newResource = resourceBody.extend({
  identifier: text(512).refine((value) => URL.canParse(value) && !value.includes('#'), {
    error: 'must be an absolute URI without fragment',
  }),
})

export const resourceSchema = newResource
  .extend({
    access_token_ttl: z.int().nullable(),
    metadata_claims: z.record(z.string(), z.string()),
  })
  .meta({ id: 'Resource' })

export type WireResource = z.infer<typeof resourceSchema>
export type WireScope = WireResource['scopes'][number]

export const resourcesSchema = z.object({ resources: z.array(resourceSchema) })

export const presentResource = (resource: Resource): z.infer<typeof resourceSchema> => ({
  identifier: resource.identifier,
  name: resource.name,
  scopes: resource.scopes,
  access_token_ttl: resource.accessTokenTtl ?? null,
  metadata_claims: resource.metadataClaims ?? {},
})
