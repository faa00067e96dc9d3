import type { Declared } from '#config/declared.ts'
import { InvalidConfig } from '#config/load.ts'
import { sha256 } from '#lib/hashing.ts'
import type { Storage } from '#storage/storage.ts'

/** Checks client metadata as the engine would; rejects with what is wrong. */
export type ValidateClient = (metadata: Record<string, unknown>) => Promise<void>

/**
 * Writes the clients and resources of the operator's file. All are checked before the first is written; a wrong one
 * stops the start with a sentence.
 */
export async function declare(
  { resources, clients }: Declared,
  storage: Storage,
  validateClient: ValidateClient,
): Promise<void> {
  const problems: string[] = []
  for (const client of clients) {
    await validateClient(client).catch((error: Error & { error_description?: string }) => {
      problems.push(`Client ${client.client_id}: ${error.error_description ?? error.message}.`)
    })
  }
  if (problems.length > 0) throw new InvalidConfig(problems)

  for (const one of resources) {
    const { access_token_ttl: accessTokenTtl, metadata_claims: metadataClaims, ...resource } = one
    await storage.resources.put({ ...resource, accessTokenTtl, metadataClaims })
  }
  for (const { client_id: id, client_secret: secret, ...metadata } of clients) {
    await storage.clients.put({
      id,
      metadata,
      secretHashes: secret === undefined ? [] : [sha256(secret)],
    })
  }
}
