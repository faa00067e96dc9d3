import { z } from 'zod'
import { route, text, type ApiCall, type ApiRoute } from '#http/api.ts'
import type { AuditAsCaller } from '#http/audit.ts'
import { AppError } from '#lib/app-error.ts'
import type { Resource } from '#storage/resources.ts'
import type { Storage } from '#storage/storage.ts'
import {
  resourceSchema,
  resourcesSchema,
  presentResource,
  newResource,
  resourceBody,
} from '#wire/resources.ts'
import { changes } from './audited.ts'
import { alreadyExists, exclusively, notFound } from './refusals.ts'

/** `/admin/resources`: the APIs that tokens are for, and their scopes. In a path the identifier is percent-encoded. */
export interface ResourceParts {
  storage: Pick<Storage, 'resources' | 'roles' | 'withLock'>
  /** The identifier of our own API. */
  apiResource: string
  audit: AuditAsCaller
}

const identifier = z.object({ identifier: text(512) })
type Identifier = z.infer<typeof identifier>

export function resourceRoutes(parts: ResourceParts): ApiRoute[] {
  const { resources } = parts.storage
  const common = { tag: 'admin resources', access: { scope: 'admin:resources' } } as const
  const one = { ...common, path: '/admin/resources/:identifier', params: identifier } as const
  const answer = { status: 200, description: 'The resource.', schema: resourceSchema }
  return [
    route({
      ...common,
      method: 'get',
      path: '/admin/resources',
      summary: 'List resources.',
      answer: {
        status: 200,
        description: 'By identifier.',
        schema: resourcesSchema,
      },
      handle: async () => ({ resources: (await resources.list()).map(presentResource) }),
    }),
    route({
      ...common,
      method: 'post',
      path: '/admin/resources',
      summary: 'Add a resource.',
      body: newResource,
      answer: { ...answer, status: 201 },
      problems: ['already_exists'],
      handle: (call) => createResource(parts, call),
    }),
    route({
      ...one,
      method: 'get',
      summary: 'Get a resource.',
      answer,
      handle: async ({ params }) => presentResource(await findResource(parts, params.identifier)),
    }),
    route({
      ...one,
      method: 'put',
      summary: 'Replace a resource and its scopes.',
      body: resourceBody,
      answer,
      problems: ['in_use', 'protected_resource'],
      handle: (call) => replaceResource(parts, call),
    }),
    route({
      ...one,
      method: 'delete',
      summary: 'Delete a resource. Stops issuing tokens for it and invalidates outstanding ones.',
      answer: { status: 204, description: 'No content.' },
      problems: ['in_use', 'protected_resource'],
      handle: (call) => deleteResource(parts, call),
    }),
  ]
}

async function findResource({ storage }: ResourceParts, identifier: string): Promise<Resource> {
  const resource = await storage.resources.find(identifier)
  if (!resource) throw notFound()
  return resource
}

const resourceOf = (identifier: string, body: z.infer<typeof resourceBody>): Resource => ({
  identifier,
  name: body.name,
  scopes: body.scopes,
  accessTokenTtl: body.access_token_ttl ?? undefined,
  metadataClaims: body.metadata_claims ?? undefined,
})

const createResource = (
  { storage, audit }: ResourceParts,
  call: ApiCall<z.infer<typeof newResource>, undefined, undefined>,
) =>
  exclusively(storage, 'resources', async () => {
    const resource = resourceOf(call.body.identifier, call.body)
    const { identifier } = resource
    if (await storage.resources.find(identifier)) throw alreadyExists('body.identifier')
    await storage.resources.put(resource)
    const details = changes(undefined, presentResource(resource))
    audit({ type: 'resource.created', target: `resource:${identifier}`, details }, call)
    return presentResource(resource)
  })

const replaceResource = (
  parts: ResourceParts,
  call: ApiCall<z.infer<typeof resourceBody>, undefined, Identifier>,
) =>
  exclusively(parts.storage, 'resources', async () => {
    const before = await findResource(parts, call.params.identifier)
    const after = resourceOf(before.identifier, call.body)
    mustStayProtected(parts, before, after)
    await mustNotBeInUse(parts, before, after)
    await parts.storage.resources.put(after)
    const details = changes(presentResource(before), presentResource(after))
    const target = `resource:${before.identifier}`
    parts.audit({ type: 'resource.updated', target, details }, call)
    return presentResource(after)
  })

const deleteResource = (
  parts: ResourceParts,
  call: ApiCall<undefined, undefined, Identifier>,
): Promise<void> =>
  exclusively(parts.storage, 'resources', async () => {
    const before = await findResource(parts, call.params.identifier)
    mustStayProtected(parts, before, undefined)
    await mustNotBeInUse(parts, before, undefined)
    if (!(await parts.storage.resources.remove(before.identifier))) throw notFound()
    const details = changes(presentResource(before), undefined)
    const target = `resource:${before.identifier}`
    parts.audit({ type: 'resource.deleted', target, details }, call)
  })

/** Our own API needs its scopes, and one that were no longer restricted would make everyone an administrator. */
function mustStayProtected(
  { apiResource }: ResourceParts,
  before: Resource,
  after: Resource | undefined,
): void {
  if (before.identifier !== apiResource) return
  const stays = before.scopes.every(({ name, restricted }) =>
    after?.scopes.some((one) => one.name === name && (one.restricted || !restricted)),
  )
  if (!stays) throw new AppError('protected_resource')
}

/** No role may be left with a permission for nothing: it would come alive again with a scope of the same name. */
async function mustNotBeInUse(
  { storage }: ResourceParts,
  before: Resource,
  after: Resource | undefined,
): Promise<void> {
  const remaining = new Set(after?.scopes.map(({ name }) => name))
  const problems = (await storage.roles.list()).flatMap(({ name, permissions }) =>
    (permissions[before.identifier] ?? [])
      .filter((scope) => !remaining.has(scope))
      .map((scope) => ({ path: `roles.${name}`, message: `permits ${scope}` })),
  )
  if (problems.length > 0) throw new AppError('in_use', { problems })
}
