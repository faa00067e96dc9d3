import { z } from 'zod'
import { route, text, type ApiCall, type ApiRoute, type Caller } from '#http/api.ts'
import type { AuditAsCaller } from '#http/audit.ts'
import { AppError } from '#lib/app-error.ts'
import { sha256 } from '#lib/hashing.ts'
import { newId, newSecret } from '#lib/ids.ts'
import { pagesClientId } from '#oidc/browser-session.ts'
import { firstPartyClientId } from '#oidc/first-party.ts'
import type { Client } from '#storage/clients.ts'
import type { Storage } from '#storage/storage.ts'
import {
  clientPageSchema,
  clientMetadata,
  clientSchema,
  clientWithSecretSchema,
  presentClient,
  presentClientWithSecret,
  type ClientMetadata,
} from '#wire/clients.ts'
import { changes } from './audited.ts'
import { scopesOfClient, storedMetadata, usesSecret } from './client-metadata.ts'
import { pageQuery } from '#wire/pages.ts'
import { alreadyExists, exclusively, invalid, notFound } from './refusals.ts'
import { mustCover } from './scopes.ts'

/** `/admin/clients`: the applications. Their secrets after the first are in `client-secrets.ts`. */
export interface ClientParts {
  storage: Pick<Storage, 'clients' | 'artifacts' | 'withLock'>
  /** Checks metadata, `client_id` and secret included, as the engine does; rejects with its InvalidClientMetadata. */
  validateClient(metadata: Record<string, unknown>): Promise<void>
  audit: AuditAsCaller
}

export const clientId = z.object({ id: text(128) })
export type ClientId = z.infer<typeof clientId>

export const clientRoute = { tag: 'admin clients', access: { scope: 'admin:clients' } } as const

const newClient = clientMetadata.extend({
  client_id: text(128)
    .regex(/^[\x21-\x7e]+$/)
    .optional(),
})

export function clientRoutes(parts: ClientParts): ApiRoute[] {
  const { clients } = parts.storage
  const one = { ...clientRoute, path: '/admin/clients/:id', params: clientId } as const
  const secretAnswer = {
    status: 200,
    description: 'The client, with its secret if one was created.',
    schema: clientWithSecretSchema,
  }
  return [
    route({
      ...clientRoute,
      method: 'get',
      path: '/admin/clients',
      summary: 'List clients, newest first.',
      query: pageQuery.extend({
        q: text(254).optional().describe('Part of a client_id or client_name.'),
      }),
      answer: {
        status: 200,
        description: 'A page of clients.',
        schema: clientPageSchema,
      },
      async handle({ query }) {
        const page = await clients.list(query)
        return { clients: page.clients.map(presentClient), next_cursor: page.next ?? null }
      },
    }),
    route({
      ...clientRoute,
      method: 'post',
      path: '/admin/clients',
      summary: 'Create a client. Its secret, if it has one, is shown only once.',
      body: newClient,
      answer: { ...secretAnswer, status: 201 },
      problems: ['already_exists'],
      handle: (call) => createClient(parts, call),
    }),
    route({
      ...one,
      method: 'get',
      summary: 'Get a client, without its secrets.',
      answer: { status: 200, description: 'The client.', schema: clientSchema },
      handle: async ({ params }) => presentClient(await findClient(parts, params.id)),
    }),
    route({
      ...one,
      method: 'put',
      summary: 'Replace a client’s metadata (as in RFC 7592 §2.2). Its secrets stay.',
      body: clientMetadata,
      answer: secretAnswer,
      handle: (call) => changeClient(parts, call, () => storedMetadata(call.body)),
    }),
    route({
      ...one,
      method: 'patch',
      summary: 'Update a client’s metadata. Omitted members stay, null removes a member.',
      body: clientMetadata,
      answer: secretAnswer,
      handle: (call) =>
        changeClient(parts, call, (before) => storedMetadata({ ...before, ...call.body })),
    }),
    route({
      ...one,
      method: 'delete',
      summary: 'Delete a client and revoke its tokens.',
      answer: { status: 204, description: 'No content.' },
      problems: ['protected_client'],
      handle: (call) => deleteClient(parts, call),
    }),
  ]
}

export async function findClient(
  { storage }: Pick<ClientParts, 'storage'>,
  id: string,
): Promise<Client> {
  const client = await storage.clients.find(id)
  if (!client) throw notFound()
  return client
}

async function createClient(
  parts: ClientParts,
  call: ApiCall<z.infer<typeof newClient>, undefined, undefined>,
) {
  const { client_id: id = newId(), ...body } = call.body
  const metadata = storedMetadata(body)
  await mayKeep(parts, call.caller, { id, metadata })
  const secret = usesSecret(metadata) ? newSecret() : undefined
  const secretHashes = secret === undefined ? [] : [sha256(secret)]
  if (!(await parts.storage.clients.putIfAbsent({ id, metadata, secretHashes })))
    throw alreadyExists('body.client_id')
  const client = await findClient(parts, id)
  const details = changes(undefined, presentClient(client))
  parts.audit({ type: 'client.created', target: `client:${id}`, details }, call)
  return presentClientWithSecret(client, secret)
}

/** A client that comes to need a secret gets one now; one that needs none any more loses those that it had. */
async function changeClient(
  parts: ClientParts,
  call: ApiCall<ClientMetadata, undefined, ClientId>,
  metadataAfter: (before: Record<string, unknown>) => Record<string, unknown>,
) {
  const { id } = call.params
  if (call.body['client_id'] !== undefined && call.body['client_id'] !== id)
    throw invalid('body.client_id', 'is not the client of the path')
  return exclusively(parts.storage, 'clients', async () => {
    const before = await findClient(parts, id)
    const metadata = metadataAfter(before.metadata)
    mustCover(call.caller, scopesOfClient(before.metadata))
    await mayKeep(parts, call.caller, { id, metadata })
    const needsSecret = usesSecret(metadata)
    const secret = needsSecret && before.secretHashes.length === 0 ? newSecret() : undefined
    const kept = needsSecret ? before.secretHashes : []
    const secretHashes = secret === undefined ? kept : [sha256(secret)]
    await parts.storage.clients.put({ id, metadata, secretHashes })
    const after = await findClient(parts, id)
    const details = changes(presentClient(before), presentClient(after))
    parts.audit({ type: 'client.updated', target: `client:${id}`, details }, call)
    return presentClientWithSecret(after, secret)
  })
}

async function deleteClient(
  parts: ClientParts,
  call: ApiCall<undefined, undefined, ClientId>,
): Promise<void> {
  const { id } = call.params
  if (id === firstPartyClientId || id === pagesClientId) throw new AppError('protected_client')
  await exclusively(parts.storage, 'clients', async () => {
    const before = await findClient(parts, id)
    mustCover(call.caller, scopesOfClient(before.metadata))
    // Before the client, so that one who tries again after a failure finds something to delete; and after it, for what
    // was issued in between.
    await parts.storage.artifacts.removeByClient(id)
    if (!(await parts.storage.clients.remove(id))) throw notFound()
    await parts.storage.artifacts.removeByClient(id)
    const details = changes(presentClient(before), undefined)
    parts.audit({ type: 'client.deleted', target: `client:${id}`, details }, call)
  })
}

/** Whether this metadata makes a client, and one that its maker may make. */
async function mayKeep(
  { validateClient }: ClientParts,
  caller: Caller,
  { id, metadata }: { id: string; metadata: Record<string, unknown> },
): Promise<void> {
  mustCover(caller, scopesOfClient(metadata))
  // The engine wants a secret where there will be one; which, it does not keep.
  const secret = usesSecret(metadata) ? { client_secret: newSecret() } : {}
  try {
    await validateClient({ ...metadata, ...secret, client_id: id })
  } catch (error) {
    throw isInvalidMetadata(error) ? invalid('body', error.error_description) : error
  }
}

/** The engine's InvalidClientMetadata, known by its protocol words: only `oidc/` knows the engine's classes. */
const isInvalidMetadata = (error: unknown): error is Error & { error_description: string } =>
  error instanceof Error &&
  ['invalid_client_metadata', 'invalid_redirect_uri'].includes(error.message) &&
  'error_description' in error &&
  typeof error.error_description === 'string'
