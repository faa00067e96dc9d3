import { route, type ApiCall, type ApiRoute } from '#http/api.ts'
import { AppError } from '#lib/app-error.ts'
import { sha256 } from '#lib/hashing.ts'
import { newSecret } from '#lib/ids.ts'
import type { Client } from '#storage/clients.ts'
import {
  clientSchema,
  clientWithSecretSchema,
  presentClient,
  presentClientWithSecret,
} from '#wire/clients.ts'
import { scopesOfClient } from './client-metadata.ts'
import { clientId, clientRoute, findClient, type ClientId, type ClientParts } from './clients.ts'
import { exclusively, notFound } from './refusals.ts'
import { mustCover } from './scopes.ts'

/**
 * A client's secret is changed without a gap: a second one is added, the application is given it, and then the older one
 * is dropped. Of the stored hashes the oldest comes first.
 */
export function clientSecretRoutes(parts: ClientParts): ApiRoute[] {
  return [
    route({
      ...clientRoute,
      method: 'post',
      path: '/admin/clients/:id/rotate-secret',
      params: clientId,
      summary: 'Add a second secret, shown only once. The old one stays valid until it is dropped.',
      answer: {
        status: 200,
        description: 'The client and its new secret.',
        schema: clientWithSecretSchema,
      },
      problems: ['no_secret', 'two_secrets'],
      handle: (call) => addSecret(parts, call),
    }),
    route({
      ...clientRoute,
      method: 'delete',
      path: '/admin/clients/:id/secrets/old',
      params: clientId,
      summary: 'Drop the old secret.',
      answer: { status: 200, description: 'The client.', schema: clientSchema },
      handle: (call) => dropOldSecret(parts, call),
    }),
  ]
}

type Call = ApiCall<undefined, undefined, ClientId>

async function addSecret(parts: ClientParts, call: Call) {
  const secret = newSecret()
  const client = await withSecrets(parts, call, ({ secretHashes }) => {
    if (secretHashes.length === 0) throw new AppError('no_secret')
    if (secretHashes.length > 1) throw new AppError('two_secrets')
    return [...secretHashes, sha256(secret)]
  })
  parts.audit({ type: 'client.secret_added', target: `client:${client.id}` }, call)
  return presentClientWithSecret(client, secret)
}

async function dropOldSecret(parts: ClientParts, call: Call) {
  const client = await withSecrets(parts, call, ({ secretHashes }) => {
    if (secretHashes.length < 2) throw notFound()
    return secretHashes.slice(-1)
  })
  parts.audit({ type: 'client.secret_dropped', target: `client:${client.id}` }, call)
  return presentClient(client)
}

const withSecrets = (
  parts: ClientParts,
  { params, caller }: Call,
  secretsAfter: (before: Client) => string[],
): Promise<Client> =>
  exclusively(parts.storage, 'clients', async () => {
    const before = await findClient(parts, params.id)
    // Who has a client's secret can do what the client may.
    mustCover(caller, scopesOfClient(before.metadata))
    const { id, metadata } = before
    await parts.storage.clients.put({ id, metadata, secretHashes: secretsAfter(before) })
    return findClient(parts, id)
  })
