import { Command } from 'commander'
import { exclusively } from '#admin/refusals.ts'
import { usesSecret } from '#admin/client-metadata.ts'
import { sha256 } from '#lib/hashing.ts'
import { newId, newSecret } from '#lib/ids.ts'
import type { Client } from '#storage/clients.ts'
import type { Storage } from '#storage/storage.ts'
import { printFacts } from './print.ts'
import { record } from './record.ts'
import { withEngine } from './with-engine.ts'
import { withServices, type CommandParts } from './with-services.ts'
import { withMigratedStorage } from './with-storage.ts'

/** `client create|list|rotate-secret`: the applications that may ask for tokens. */
export function clientCommand(): Command {
  return new Command('client')
    .description('create applications and change their secrets')
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(rotateSecretCommand())
}

interface CreateOptions {
  name: string
  id?: string
  redirectUri?: string[]
  postLogoutRedirectUri?: string[]
  public?: boolean
  firstParty?: boolean
  grant?: string[]
  resource?: string
  corsOrigin?: string[]
}

const createCommand = () =>
  new Command('create')
    .description('create an application; its secret is printed once')
    .requiredOption('--name <name>', 'name shown to users')
    .option('--id <client_id>', 'default: a generated one')
    .option('--redirect-uri <uri...>', 'where users return after signing in')
    .option('--post-logout-redirect-uri <uri...>')
    .option('--public', 'it cannot keep a secret: a single-page or native application')
    .option('--first-party', 'first-party: users are not asked for consent')
    .option('--grant <type...>', 'default: authorization_code and refresh_token')
    .option('--resource <uri>', 'the API its tokens are for if a request names none')
    .option('--cors-origin <origin...>', 'web origins whose pages may call the endpoints')
    .action((options: CreateOptions) => withServices((parts) => createClient(parts, options)))

const listCommand = () =>
  new Command('list')
    .description('list applications, newest first')
    .action(() => withMigratedStorage(listClients))

const rotateSecretCommand = () =>
  new Command('rotate-secret')
    .description('add a second secret, printed once; the old one stays valid until it is dropped')
    .argument('<client_id>')
    .option('--drop-old', 'add none; drop the old secret instead')
    .action((id: string, { dropOld = false }: { dropOld?: boolean }) =>
      withMigratedStorage((storage) =>
        dropOld ? dropOldSecret(storage, id) : addSecret(storage, id),
      ),
    )

async function createClient(parts: CommandParts, options: CreateOptions): Promise<void> {
  const { storage } = parts
  const id = options.id ?? newId()
  const metadata = metadataOf(options)
  const secret = usesSecret(metadata) ? newSecret() : undefined
  const shown = secret === undefined ? {} : { client_secret: secret }
  await withEngine(parts, async ({ provider }) => {
    // Loads the engine, as `withEngine` does: no other command of these needs it.
    const { validateClient } = await import('#oidc/clients.ts')
    await validateClient(provider, { ...metadata, ...shown, client_id: id })
  }).catch(tellWhatIsWrong)
  if (options.resource !== undefined && !(await storage.resources.find(options.resource)))
    throw new Error(`There is no resource "${options.resource}".`)

  const secretHashes = secret === undefined ? [] : [sha256(secret)]
  if (!(await storage.clients.putIfAbsent({ id, metadata, secretHashes })))
    throw new Error(`There is a client "${id}" already.`)
  await record(storage, {
    type: 'client.created',
    target: `client:${id}`,
    details: { before: {}, after: metadata },
  })
  printFacts({ client_id: id, ...shown })
}

function metadataOf(options: CreateOptions): Record<string, unknown> {
  const grants = options.grant ?? ['authorization_code', 'refresh_token']
  const metadata = {
    client_name: options.name,
    redirect_uris: options.redirectUri ?? [],
    post_logout_redirect_uris: options.postLogoutRedirectUri,
    grant_types: grants,
    response_types: grants.includes('authorization_code') ? ['code'] : [],
    token_endpoint_auth_method: options.public ? 'none' : 'client_secret_basic',
    first_party: options.firstParty,
    default_resource: options.resource,
    allowed_cors_origins: options.corsOrigin,
  }
  return Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== undefined))
}

function tellWhatIsWrong(error: Error & { error_description?: string }): never {
  throw error.error_description === undefined ? error : new Error(`${error.error_description}.`)
}

async function listClients({ clients }: Pick<Storage, 'clients'>): Promise<void> {
  for (let cursor: string | undefined; ;) {
    const page = await clients.list({ limit: 100, ...(cursor === undefined ? {} : { cursor }) })
    for (const client of page.clients) console.log(lineOf(client))
    if (page.next === undefined) return
    cursor = page.next
  }
}

function lineOf({ id, metadata, secretHashes, createdAt }: Client): string {
  const kind = usesSecret(metadata) ? `secrets: ${secretHashes.length}` : 'no secret'
  const party = metadata['first_party'] === true ? 'first-party' : 'third-party'
  const name = JSON.stringify(metadata['client_name'] ?? '')
  return [id, name, kind, party, `since ${new Date(createdAt).toISOString()}`].join('  ')
}

async function addSecret(storage: Storage, id: string): Promise<void> {
  const secret = newSecret()
  await changeSecrets(storage, id, ({ metadata, secretHashes }) => {
    if (!usesSecret(metadata)) throw new Error('This client authenticates without a secret.')
    if (secretHashes.length > 1)
      throw new Error('It has two secrets already: end the older one with --drop-old first.')
    return [...secretHashes, sha256(secret)]
  })
  await record(storage, { type: 'client.secret_added', target: `client:${id}` })
  printFacts({ client_id: id, client_secret: secret })
}

async function dropOldSecret(storage: Storage, id: string): Promise<void> {
  await changeSecrets(storage, id, ({ secretHashes }) => {
    if (secretHashes.length < 2) throw new Error('It has no older secret.')
    return secretHashes.slice(-1)
  })
  await record(storage, { type: 'client.secret_dropped', target: `client:${id}` })
  console.log('The older secret is no longer accepted.')
}

/** Under the lock of the admin API, so that no change of the two is lost. */
const changeSecrets = (
  storage: Storage,
  id: string,
  secretsAfter: (client: Client) => string[],
): Promise<void> =>
  exclusively(storage, 'clients', async () => {
    const client = await storage.clients.find(id)
    if (!client) throw new Error(`There is no client "${id}".`)
    const { metadata } = client
    await storage.clients.put({ id, metadata, secretHashes: secretsAfter(client) })
  })
