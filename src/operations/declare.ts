import type { Declared } from '#config/declared.ts'
import { InvalidConfig, type Config } from '#config/load.ts'
import { sha256 } from '#lib/hashing.ts'
import { unknownMetadata } from '#oidc/client-names.ts'
import type { Storage } from '#storage/storage.ts'

/** Checks client metadata as the engine would; rejects with what is wrong. */
export type ValidateClient = (metadata: Record<string, unknown>) => Promise<void>

/**
 * Writes the clients and resources of the operator's file. All are checked before the first is written; a wrong one
 * stops the start with a sentence.
 */
export async function declare(
  declared: Declared,
  { config, storage }: { config: Config; storage: Storage },
  validateClient: ValidateClient,
): Promise<void> {
  await checkDeclared(declared, config, validateClient)
  for (const one of declared.resources) {
    const { access_token_ttl: accessTokenTtl, metadata_claims: metadataClaims, ...resource } = one
    const stored = await storage.resources.find(one.identifier)
    // Our own API keeps the scopes that the first start gave it.
    const isOwn = one.identifier === config.API_RESOURCE
    const scopes = (isOwn ? stored?.scopes : one.scopes) ?? []
    await storage.resources.put({ ...resource, scopes, accessTokenTtl, metadataClaims })
  }
  for (const { client_id: id, client_secret: secret, ...metadata } of declared.clients) {
    await storage.clients.put({
      id,
      metadata,
      secretHashes: secret === undefined ? [] : [sha256(secret)],
    })
  }
}

/** Throws InvalidConfig with a sentence for each client and resource that the server would not start with. */
export async function checkDeclared(
  { resources, clients }: Declared,
  { API_RESOURCE }: Pick<Config, 'API_RESOURCE'>,
  validateClient: ValidateClient,
): Promise<void> {
  const problems = resources
    .filter(({ identifier, scopes }) => identifier === API_RESOURCE && scopes !== undefined)
    .map(
      ({ identifier }) =>
        `Resource ${identifier} is the API of this server: its scopes cannot be declared.`,
    )
  for (const client of clients) {
    const { client_id: id } = client
    const unknown = unknownMetadata(client)
    if (unknown.length > 0) problems.push(`Client ${id}: unknown ${unknown.join(', ')}.`)
    await validateClient(client).catch((error: Error & { error_description?: string }) => {
      problems.push(`Client ${id}: ${error.error_description ?? error.message}.`)
    })
  }
  if (problems.length > 0) throw new InvalidConfig(problems)
}
