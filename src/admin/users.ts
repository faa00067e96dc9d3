import { z } from 'zod'
import { route, text, type ApiCall, type ApiRoute, type Caller } from '#http/api.ts'
import type { AuditAsCaller } from '#http/audit.ts'
import { newId } from '#lib/ids.ts'
import type { Storage } from '#storage/storage.ts'
import type { User, UserChange } from '#storage/users.ts'
import type { PasswordPolicy } from '#users/password-policy.ts'
import type { Passwords } from '#users/passwords.ts'
import { changes } from './audited.ts'
import { pageQuery } from '#wire/pages.ts'
import { userPageSchema, adminUserSchema, presentAdminUser } from '#wire/users.ts'
import { invalid, notFound } from './refusals.ts'
import { mustCover, scopesOfRoles } from './scopes.ts'
import { changeOf, userBody, type UserBody, wholeUserBody, replacementOf } from './user-fields.ts'

/** `/admin/users`: find, make, change and delete people. What is done to a sign-in is in `user-actions.ts`. */
export interface UserParts {
  storage: Pick<Storage, 'users' | 'roles'>
  passwords: Pick<Passwords, 'hash'>
  passwordPolicy: PasswordPolicy
  endAll(userId: string): Promise<void>
  /** The identifier of our own API. */
  apiResource: string
  audit: AuditAsCaller
}

export const userId = z.object({ id: text(64) })
export type UserId = z.infer<typeof userId>

export const userRoute = { tag: 'admin users', access: { scope: 'admin:users' } } as const

const newUser = userBody
  .extend({ password: text(1024).optional() })
  .refine(({ email, username }) => Boolean(email ?? username), {
    error: 'email or username must be given',
    path: ['email'],
  })

const listQuery = pageQuery.extend({
  q: text(254).optional().describe('Part of an e-mail, username or nickname, or a complete id.'),
  role: text(64).optional(),
  status: z.enum(['active', 'banned']).optional(),
})

export function userRoutes(parts: UserParts): ApiRoute[] {
  const { users } = parts.storage
  const answer = { status: 200, description: 'The user.', schema: adminUserSchema }
  const update = {
    ...userRoute,
    path: '/admin/users/:id',
    params: userId,
    answer,
    problems: ['already_exists', 'last_administrator'] as const,
  }
  return [
    route({
      ...userRoute,
      method: 'get',
      path: '/admin/users',
      summary: 'List users, newest first.',
      query: listQuery,
      answer: {
        status: 200,
        description: 'A page of users.',
        schema: userPageSchema,
      },
      async handle({ query }) {
        const page = await users.list(query)
        return { users: page.users.map(presentAdminUser), next_cursor: page.next ?? null }
      },
    }),
    route({
      ...userRoute,
      method: 'post',
      path: '/admin/users',
      summary: 'Create a user. Without a password, they set one with a reset link.',
      body: newUser,
      answer: { ...answer, status: 201 },
      problems: ['already_exists'],
      handle: (call) => createUser(parts, call),
    }),
    route({
      ...userRoute,
      method: 'get',
      path: '/admin/users/:id',
      summary: 'Get a user.',
      params: userId,
      answer,
      handle: async ({ params }) => presentAdminUser(await findUser(parts, params.id)),
    }),
    route({
      ...update,
      method: 'put',
      summary: 'Replace a user. Every writable field is required; null empties it.',
      body: wholeUserBody,
      handle: (call) => updateUser(parts, call, replacementOf),
    }),
    route({
      ...update,
      method: 'patch',
      summary: 'Update a user. Omitted fields stay; metadata is merged (RFC 7396).',
      body: userBody,
      handle: (call) => updateUser(parts, call, changeOf),
    }),
    route({
      ...userRoute,
      method: 'delete',
      path: '/admin/users/:id',
      summary: 'Delete a user and all of their data.',
      params: userId,
      answer: { status: 204, description: 'No content.' },
      problems: ['last_administrator'],
      handle: (call) => deleteUser(parts, call),
    }),
  ]
}

export async function findUser(
  { storage }: { storage: Pick<Storage, 'users'> },
  id: string,
): Promise<User> {
  const user = await storage.users.findById(id)
  if (!user) throw notFound()
  return user
}

/** The user, provided that the caller may do to them what amounts to being them; see `mustCover`. */
export async function findManagedUser(
  parts: Pick<UserParts, 'storage' | 'apiResource'>,
  { params, caller }: { params: UserId; caller: Caller },
): Promise<User> {
  const user = await findUser(parts, params.id)
  mustCover(caller, await scopesOf(parts, user.roles))
  return user
}

const scopesOf = (
  { storage, apiResource }: Pick<UserParts, 'storage' | 'apiResource'>,
  roleNames: readonly string[],
): Promise<string[]> => scopesOfRoles(roleNames, { roles: storage.roles, apiResource })

/** The hash of a new password. Rejects with 422 when the rules do not allow it. */
export async function hashPassword(
  { passwords, passwordPolicy }: Pick<UserParts, 'passwords' | 'passwordPolicy'>,
  password: string,
): Promise<string> {
  const problem = await passwordPolicy(password)
  if (problem) throw invalid('body.password', problem)
  return passwords.hash(password)
}

async function mayGive(
  parts: UserParts,
  caller: Caller,
  roleNames: readonly string[] | undefined,
): Promise<void> {
  for (const [index, name] of (roleNames ?? []).entries())
    if (!(await parts.storage.roles.find(name))) throw invalid(`body.roles.${index}`, 'is no role')
  mustCover(caller, await scopesOf(parts, roleNames ?? []))
}

async function createUser(
  parts: UserParts,
  call: ApiCall<z.infer<typeof newUser>, undefined, undefined>,
) {
  const { password, ...body } = call.body
  await mayGive(parts, call.caller, body.roles)
  const passwordHash = password === undefined ? undefined : await hashPassword(parts, password)
  const given = replacementOf(body, { email: undefined })
  const user = await parts.storage.users.create({ ...given, id: newId(), passwordHash })
  const details = changes(undefined, presentAdminUser(user))
  parts.audit({ type: 'user.registered', target: `user:${user.id}`, details }, call)
  return presentAdminUser(user)
}

async function updateUser(
  parts: UserParts,
  call: ApiCall<UserBody, undefined, UserId>,
  toChange: (body: UserBody, before: User) => UserChange,
) {
  const before = await findManagedUser(parts, call)
  await mayGive(parts, call.caller, call.body.roles)
  const after = await parts.storage.users.update(before.id, toChange(call.body, before))
  if (!after) throw notFound()
  const details = changes(presentAdminUser(before), presentAdminUser(after))
  parts.audit({ type: 'user.updated', target: `user:${after.id}`, details }, call)
  return presentAdminUser(after)
}

async function deleteUser(
  parts: UserParts,
  call: ApiCall<undefined, undefined, UserId>,
): Promise<void> {
  const user = await findManagedUser(parts, call)
  if (!(await parts.storage.users.remove(user.id))) throw notFound()
  await parts.endAll(user.id)
  // Nothing of the person: the audit log outlives them.
  const details = { before: { roles: user.roles } }
  parts.audit({ type: 'user.deleted', target: `user:${user.id}`, details }, call)
}
