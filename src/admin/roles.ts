import { z } from 'zod'
import { route, text, type ApiCall, type ApiRoute } from '#http/api.ts'
import type { AuditAsCaller } from '#http/audit.ts'
import { AppError } from '#lib/app-error.ts'
import type { Role } from '#storage/roles.ts'
import type { Storage } from '#storage/storage.ts'
import { administratorRole } from '#storage/users.ts'
import { roleSchema, roleBody, rolesSchema, presentRole, newRole } from '#wire/roles.ts'
import { changes } from './audited.ts'
import { alreadyExists, exclusively, notFound } from './refusals.ts'
import { isAdminScope, mustCover, scopesOn } from './scopes.ts'

/** `/admin/roles`: names for sets of permissions; a permission is a scope of a resource. */
export interface RoleParts {
  storage: Pick<Storage, 'resources' | 'roles' | 'withLock'>
  /** The identifier of our own API. */
  apiResource: string
  audit: AuditAsCaller
}

const roleName = z.object({ name: text(64) })
type RoleName = z.infer<typeof roleName>

export function roleRoutes(parts: RoleParts): ApiRoute[] {
  const { roles } = parts.storage
  const common = { tag: 'admin roles', access: { scope: 'admin:roles' } } as const
  const one = { ...common, path: '/admin/roles/:name', params: roleName } as const
  const answer = { status: 200, description: 'The role.', schema: roleSchema }
  const change = {
    ...one,
    answer,
    problems: ['protected_role'] as const,
    handle: (call: ApiCall<z.infer<typeof roleBody>, undefined, RoleName>) =>
      updateRole(parts, call),
  }
  return [
    route({
      ...common,
      method: 'get',
      path: '/admin/roles',
      summary: 'List roles.',
      answer: {
        status: 200,
        description: 'By name.',
        schema: rolesSchema,
      },
      handle: async () => ({ roles: (await roles.list()).map(presentRole) }),
    }),
    route({
      ...common,
      method: 'post',
      path: '/admin/roles',
      summary: 'Add a role.',
      body: newRole,
      answer: { ...answer, status: 201 },
      problems: ['already_exists'],
      handle: (call) => createRole(parts, call),
    }),
    route({
      ...one,
      method: 'get',
      summary: 'Get a role.',
      answer,
      handle: async ({ params }) => presentRole(await findRole(parts, params.name)),
    }),
    route({
      ...change,
      method: 'put',
      summary: 'Replace a role. description and permissions are required.',
      body: roleBody.required(),
    }),
    route({
      ...change,
      method: 'patch',
      summary: 'Update a role. Omitted fields stay.',
      body: roleBody,
    }),
    route({
      ...one,
      method: 'delete',
      summary: 'Delete a role and remove it from everyone who has it.',
      answer: { status: 204, description: 'No content.' },
      problems: ['protected_role'],
      handle: (call) => deleteRole(parts, call),
    }),
  ]
}

async function findRole({ storage }: Pick<RoleParts, 'storage'>, name: string): Promise<Role> {
  const role = await storage.roles.find(name)
  if (!role) throw notFound()
  return role
}

const createRole = (
  parts: RoleParts,
  call: ApiCall<z.infer<typeof newRole>, undefined, undefined>,
) =>
  exclusively(parts.storage, 'resources', async () => {
    const { name, description, permissions = {} } = call.body
    await mustExist(parts, permissions)
    mustCover(call.caller, scopesOn(parts.apiResource, { permissions }))
    if (await parts.storage.roles.find(name)) throw alreadyExists('body.name')
    await parts.storage.roles.put({ name, description: description ?? undefined, permissions })
    const role = presentRole(await findRole(parts, name))
    const details = changes(undefined, role)
    parts.audit({ type: 'role.created', target: `role:${name}`, details }, call)
    return role
  })

const updateRole = (
  parts: RoleParts,
  call: ApiCall<z.infer<typeof roleBody>, undefined, RoleName>,
) =>
  exclusively(parts.storage, 'resources', async () => {
    const { body, caller } = call
    const before = await findRole(parts, call.params.name)
    const { name } = before
    const permissions = body.permissions ?? before.permissions
    const description =
      body.description === undefined ? before.description : (body.description ?? undefined)
    if (body.permissions) await mustExist(parts, body.permissions)
    const [former, given] = [before, { permissions }].map((role) =>
      scopesOn(parts.apiResource, role),
    )
    mustCover(caller, [...former!, ...given!])
    const lost = former!.some((scope) => isAdminScope(scope) && !given!.includes(scope))
    if (name === administratorRole && lost) throw new AppError('protected_role')
    await parts.storage.roles.put({ name, description, permissions })
    const after = presentRole(await findRole(parts, name))
    const details = changes(presentRole(before), after)
    parts.audit({ type: 'role.updated', target: `role:${name}`, details }, call)
    return after
  })

const deleteRole = (
  parts: RoleParts,
  call: ApiCall<undefined, undefined, RoleName>,
): Promise<void> =>
  exclusively(parts.storage, 'resources', async () => {
    const before = await findRole(parts, call.params.name)
    const { name } = before
    if (name === administratorRole) throw new AppError('protected_role')
    mustCover(call.caller, scopesOn(parts.apiResource, before))
    if (!(await parts.storage.roles.remove(name))) throw notFound()
    const details = changes(presentRole(before), undefined)
    parts.audit({ type: 'role.deleted', target: `role:${name}`, details }, call)
  })

/** Every resource and scope that is named must be there; all that are not are told at once. */
async function mustExist({ storage }: RoleParts, permissions: Role['permissions']): Promise<void> {
  const problems = await Promise.all(
    Object.entries(permissions).map(async ([identifier, scopes]) => {
      const path = `body.permissions.${identifier}`
      const resource = await storage.resources.find(identifier)
      if (!resource) return [{ path, message: 'is no resource' }]
      const known = new Set(resource.scopes.map(({ name }) => name))
      return scopes
        .filter((scope) => !known.has(scope))
        .map((scope) => ({ path, message: `has no scope ${scope}` }))
    }),
  )
  if (problems.flat().length > 0)
    throw new AppError('validation_failed', { problems: problems.flat() })
}
