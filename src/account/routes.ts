import { z } from 'zod'
import { route, text, type ApiCall, type ApiRoute } from '#http/api.ts'
import { AppError } from '#lib/app-error.ts'
import { presentSession, sessionSchema } from '#oidc/presented-sessions.ts'
import { AlreadyExists } from '#storage/errors.ts'
import type { User, UserStore } from '#storage/users.ts'
import { presentUser, userSchema } from '#users/presented.ts'
import type { ChangePassword } from '#users/change-password.ts'
import { changeOfNames, profileFields, profileNames, usernameField } from '#users/profile-fields.ts'
import { identityRoutes, presentIdentity, type IdentityRouteParts } from './identity-routes.ts'
import {
  grantSchema,
  presentGrant,
  sessionRoutes,
  type SessionRouteParts,
} from './session-routes.ts'

/**
 * `/users/me…`: what a signed-in person does with their own account. For whoever brings a token of the person for our API
 * or one of their API keys; changes need the scope `account:write`. Every change is written to the audit log.
 */
export interface AccountRouteParts extends SessionRouteParts, IdentityRouteParts {
  users: Pick<UserStore, 'findById' | 'update'>
  changePassword: ChangePassword
  /** How long an account that is to be erased can still be saved by signing in, in milliseconds. */
  eraseAfterMs: number
  now(): number
}

const read = { scope: 'account:read' }
const write = { scope: 'account:write' }

/** What people may change about themselves; anything else in the body is refused, so that nobody believes it was taken. */
const profile = z.strictObject({
  ...profileFields,
  username: usernameField.optional(),
  metadata: z.strictObject({ public: z.record(text(64), z.json()) }).optional(),
})

export function accountRoutes(parts: AccountRouteParts): ApiRoute[] {
  const tag = 'users'
  const meAnswer = { status: 200, description: 'The user.', schema: userSchema }
  const update = (call: ApiCall<z.infer<typeof profile>, undefined, undefined>) =>
    updateProfile(parts, call)
  return [
    route({
      tag,
      method: 'get',
      path: '/users/me',
      access: read,
      summary: 'Who I am.',
      answer: meAnswer,
      handle: async ({ caller }) => presentMe(parts, await userOf(parts, caller.userId)),
    }),
    route({
      tag,
      method: 'patch',
      path: '/users/me',
      access: write,
      summary: 'Change my profile; fields that are left out stay.',
      body: profile,
      answer: meAnswer,
      problems: { 409: 'username_taken' },
      handle: update,
    }),
    route({
      tag,
      method: 'put',
      path: '/users/me',
      access: write,
      summary: 'The same as PATCH.',
      body: profile,
      answer: meAnswer,
      problems: { 409: 'username_taken' },
      handle: update,
    }),
    route({
      tag,
      method: 'post',
      path: '/users/me/password',
      access: write,
      isLimited: true,
      summary: 'Change my password; every other sign-in ends.',
      body: z.object({ current_password: text(1024), new_password: text(1024) }),
      answer: { status: 200, description: 'Done.', schema: z.object({ message: z.string() }) },
      problems: { 401: 'invalid_credentials: the current password is not right' },
      handle: (call) => changeOwnPassword(parts, call),
    }),
    route({
      tag,
      method: 'delete',
      path: '/users/me',
      access: write,
      summary:
        'Erase my account after a time of grace; every sign-in ends now, and signing in again saves the account.',
      answer: {
        status: 202,
        description: 'When it will be erased.',
        schema: z.object({ erase_at: z.iso.datetime() }),
      },
      handle: (call) => eraseLater(parts, call),
    }),
    route({
      tag,
      method: 'get',
      path: '/users/me/export',
      access: read,
      summary: 'All that is kept about me, as JSON.',
      answer: {
        status: 200,
        description: 'The user, the sign-ins, the connected applications.',
        schema: z.object({
          user: userSchema,
          sessions: z.array(sessionSchema),
          grants: z.array(grantSchema),
        }),
      },
      async handle({ caller }) {
        const user = await userOf(parts, caller.userId)
        const [sessions, grants] = await Promise.all([
          parts.sessions.list(user.id),
          parts.sessions.listGrants(user.id),
        ])
        return {
          user: await presentMe(parts, user),
          sessions: sessions.map((one) => presentSession(one, caller.grantId)),
          grants: grants.map(presentGrant),
        }
      },
    }),
    ...sessionRoutes(parts),
    ...identityRoutes(parts),
  ]
}

const presentMe = async ({ identities }: AccountRouteParts, user: User) =>
  presentUser(user, (await identities.listByUser(user.id)).map(presentIdentity))

async function userOf({ users }: AccountRouteParts, userId: string | undefined): Promise<User> {
  const user = userId === undefined ? undefined : await users.findById(userId)
  if (!user) throw new AppError('forbidden', 403)
  return user
}

async function updateProfile(
  parts: AccountRouteParts,
  { body, caller, request }: ApiCall<z.infer<typeof profile>, undefined, undefined>,
) {
  const user = await userOf(parts, caller.userId)
  const { metadata } = body
  const change = { ...changeOfNames(body, profileNames), ...(metadata && { metadata }) }
  try {
    const changed = await parts.users.update(user.id, change)
    if (!changed) throw new AppError('forbidden', 403)
    parts.audit(
      { type: 'user.updated', target: `user:${user.id}`, details: { fields: Object.keys(body) } },
      { caller, request },
    )
    return await presentMe(parts, changed)
  } catch (error) {
    throw error instanceof AlreadyExists ? new AppError('username_taken', 409) : error
  }
}

async function changeOwnPassword(
  parts: AccountRouteParts,
  {
    body,
    caller,
    request,
  }: ApiCall<{ current_password: string; new_password: string }, undefined, undefined>,
) {
  const user = await userOf(parts, caller.userId)
  const outcome = await parts.changePassword(user, {
    current: body.current_password,
    replacement: body.new_password,
  })
  if (outcome === 'wrong')
    throw new AppError('invalid_credentials', 401, { headers: { 'WWW-Authenticate': 'Bearer' } })
  if (outcome !== 'changed') {
    throw new AppError('validation_failed', 422, {
      problems: [{ path: 'body.new_password', message: outcome }],
    })
  }
  for (const one of await parts.sessions.list(user.id)) {
    if (one.grantId === undefined || one.grantId !== caller.grantId)
      await parts.sessions.end(user.id, one.id)
  }
  parts.audit({ type: 'password.changed', target: `user:${user.id}` }, { caller, request })
  return { message: 'the password is changed' }
}

async function eraseLater(
  parts: AccountRouteParts,
  { caller, request }: ApiCall<undefined, undefined, undefined>,
) {
  const user = await userOf(parts, caller.userId)
  const eraseAt = parts.now() + parts.eraseAfterMs
  await parts.users.update(user.id, { eraseAt })
  await parts.sessions.endAll(user.id)
  parts.audit({ type: 'user.erase_requested', target: `user:${user.id}` }, { caller, request })
  return { erase_at: new Date(eraseAt).toISOString() }
}
