import { z } from 'zod'
import { text } from '#http/api.ts'
import { metadataClaimsSchema } from '#lib/metadata-claims.ts'
import type { Client } from '#storage/clients.ts'
import { iso, nextCursor } from './pages.ts'

/**
 * Client metadata in bodies and answers: RFC 7591 §2, with what OpenID Connect adds, and ours. The forms of the well-known
 * members are said here, for the documentation; whether they make a client is the engine's to judge. Null is the same
 * as left out.
 */
const uri = text(2048).nullish()
const uris = z.array(text(2048)).max(100).nullish()
const words = z.array(text(128)).max(100).nullish()

export const clientMetadata = z.looseObject({
  client_name: text(255).nullish(),
  client_uri: uri,
  logo_uri: uri,
  policy_uri: uri,
  tos_uri: uri,
  contacts: words,
  redirect_uris: uris,
  post_logout_redirect_uris: uris,
  grant_types: words,
  response_types: words,
  scope: text(4096).nullish(),
  token_endpoint_auth_method: text(64)
    .nullish()
    .describe('client_secret_basic (the default), client_secret_post, private_key_jwt or none.'),
  jwks: z.looseObject({ keys: z.array(z.looseObject({})) }).nullish(),
  jwks_uri: uri,
  id_token_signed_response_alg: text(16).nullish(),
  backchannel_logout_uri: uri,
  first_party: z
    .boolean()
    .nullish()
    .describe('First-party application: users are not asked for consent.'),
  verified: z.boolean().nullish().describe('The operator vouches for the name.'),
  allowed_cors_origins: uris.describe('Web origins whose pages may call the endpoints.'),
  default_resource: uri.describe('The resource of requests that name none.'),
  metadata_claims: metadataClaimsSchema
    .nullish()
    .describe(
      'Claims of userinfo and the ID token (scope profile), taken from the user’s metadata.',
    ),
  accent_color: text(7)
    .nullish()
    .describe('#rrggbb: the accent colour of its sign-in pages; contrast is ensured.'),
  require_acr: text(64)
    .nullish()
    .describe(
      'The minimum `acr` of its sign-ins: urn:yumen:acr:1, or urn:yumen:acr:2 for two factors.',
    ),
  default_acr_values: words,
  introspection_resources: uris.describe('The resources whose tokens this client may introspect.'),
})

export type ClientMetadata = z.infer<typeof clientMetadata>

export const clientSchema = clientMetadata
  .extend({
    client_id: z.string(),
    live_secrets: z.int().describe('Number of active secrets.'),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Client' })

export const clientWithSecretSchema = clientSchema
  .extend({
    client_secret: z.string().optional().describe('Shown only once.'),
    client_secret_expires_at: z.literal(0).optional(),
  })
  .meta({ id: 'ClientWithSecret' })

/** With its secret only when one was just made. */
export type WireClient = z.infer<typeof clientWithSecretSchema>

export const presentClient = (client: Client): z.infer<typeof clientSchema> => ({
  ...client.metadata,
  client_id: client.id,
  live_secrets: client.secretHashes.length,
  created_at: iso(client.createdAt),
  updated_at: iso(client.updatedAt),
})

export const presentClientWithSecret = (
  client: Client,
  secret: string | undefined,
): WireClient => ({
  ...presentClient(client),
  ...(secret === undefined ? {} : { client_secret: secret, client_secret_expires_at: 0 }),
})

export const clientPageSchema = z.object({
  clients: z.array(clientSchema),
  next_cursor: nextCursor,
})
