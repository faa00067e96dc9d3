import { z } from 'zod'
import { route, text, type ApiCall, type ApiRoute } from '#http/api.ts'
import { AppError } from '#lib/app-error.ts'
import { AlreadyExists } from '#storage/errors.ts'
import type { User, UserStore } from '#storage/users.ts'
import { presentUser, userSchema } from '#users/presented.ts'
import type { ChangePassword } from '#users/change-password.ts'

/**
 * `/users/me…`: what a signed-in person does with their own account. For whoever brings a token of the person for our API
 * or one of their API keys; changes need the scope `account:write`. Every change is written to the audit log.
 */
export interface AccountRouteParts {
  users: Pick<UserStore, 'findById' | 'update'>
  changePassword: ChangePassword
  sessions: SessionFunctions
  /** How long an account that is to be erased can still be saved by signing in, in milliseconds. */
  eraseAfterMs: number
  now(): number
  audit(
    event: { type: string; target?: string; details?: Record<string, unknown> },
    call: Pick<AnyCall, 'caller' | 'request'>,
  ): void
}

/** What the routes need to know of sign-ins and connected applications. */
export interface SessionFunctions {
  list(userId: string): Promise<SignedIn[]>
  end(userId: string, id: string): Promise<boolean>
  endAll(userId: string): Promise<void>
  listGrants(
    userId: string,
  ): Promise<{ clientId: string; name: string; scopes: string[]; expiresAt?: number | undefined }[]>
  removeGrants(userId: string, clientId: string): Promise<boolean>
}

interface SignedIn {
  id: string
  kind: 'browser' | 'app'
  clientId?: string | undefined
  grantId?: string | undefined
  address?: string | undefined
  agent?: string | undefined
  lastSeenAt?: number | undefined
  expiresAt?: number | undefined
}

type AnyCall = ApiCall<unknown, unknown, unknown>

const read = { scope: 'account:read' }
const write = { scope: 'account:write' }
const id = z.object({ id: text(128) })

/** What people may change about themselves; anything else in the body is refused, so that nobody believes it was taken. */
const profile = z.strictObject({
  username: text(32)
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{2,31}$/)
    .optional(),
  nickname: text(64).nullable().optional(),
  avatar_url: z
    .url({ protocol: /^https$/ })
    .max(1024)
    .nullable()
    .optional(),
  locale: text(35)
    .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/)
    .nullable()
    .optional(),
  phone: text(20)
    .regex(/^\+[1-9]\d{6,14}$/)
    .nullable()
    .optional(),
  metadata: z.strictObject({ public: z.record(text(64), z.json()) }).optional(),
})

const sessionSchema = z
  .object({
    id: z.string(),
    kind: z.enum(['browser', 'app']),
    client_id: z.string().nullable(),
    address: z.string().nullable(),
    agent: z.string().nullable(),
    last_seen_at: z.iso.datetime().nullable(),
    expires_at: z.iso.datetime().nullable(),
    is_current: z.boolean(),
  })
  .meta({ id: 'Session' })

const grantSchema = z
  .object({
    client_id: z.string(),
    client_name: z.string(),
    scopes: z.array(z.string()),
    expires_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'ConnectedApp' })

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
      handle: async ({ caller }) => presentUser(await userOf(parts, caller.userId)),
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
          user: presentUser(user),
          sessions: sessions.map((one) => presentSession(one, caller.grantId)),
          grants: grants.map(presentGrant),
        }
      },
    }),
    ...sessionRoutes(parts),
  ]
}

function sessionRoutes(parts: AccountRouteParts): ApiRoute[] {
  const tag = 'users'
  const { sessions, audit } = parts
  const gone = { status: 204, description: 'Done.' }
  return [
    route({
      tag,
      method: 'get',
      path: '/users/me/sessions',
      access: read,
      summary: 'Where I am signed in.',
      answer: {
        status: 200,
        description: 'Latest first.',
        schema: z.object({ sessions: z.array(sessionSchema) }),
      },
      handle: async ({ caller }) => ({
        sessions: (await sessions.list(caller.userId!)).map((one) =>
          presentSession(one, caller.grantId),
        ),
      }),
    }),
    route({
      tag,
      method: 'delete',
      path: '/users/me/sessions',
      access: write,
      summary: 'Sign out everywhere, here too.',
      answer: gone,
      async handle(call) {
        await sessions.endAll(call.caller.userId!)
        audit({ type: 'session.all_ended', target: `user:${call.caller.userId}` }, call)
      },
    }),
    route({
      tag,
      method: 'delete',
      path: '/users/me/sessions/:id',
      access: write,
      summary: 'Sign out there.',
      params: id,
      answer: gone,
      async handle(call) {
        if (!(await sessions.end(call.caller.userId!, call.params.id)))
          throw new AppError('not_found', 404)
        audit({ type: 'session.ended', target: `session:${call.params.id}` }, call)
      },
    }),
    route({
      tag,
      method: 'get',
      path: '/users/me/grants',
      access: read,
      summary: 'Applications that I have let in.',
      answer: {
        status: 200,
        description: 'One entry an application.',
        schema: z.object({ grants: z.array(grantSchema) }),
      },
      handle: async ({ caller }) => ({
        grants: (await sessions.listGrants(caller.userId!)).map(presentGrant),
      }),
    }),
    route({
      tag,
      method: 'delete',
      path: '/users/me/grants/:id',
      access: write,
      params: id,
      answer: gone,
      summary: 'Take everything back from an application; its tokens are dead at once.',
      async handle(call) {
        if (!(await sessions.removeGrants(call.caller.userId!, call.params.id)))
          throw new AppError('not_found', 404)
        audit({ type: 'grant.removed', target: `client:${call.params.id}` }, call)
      },
    }),
    route({
      tag,
      method: 'get',
      path: '/users/me/identities',
      access: read,
      summary: 'Accounts elsewhere that I can sign in with.',
      answer: {
        status: 200,
        description: 'None yet: sign-in through others comes later.',
        schema: z.object({ identities: z.array(z.unknown()) }),
      },
      handle: async () => ({ identities: [] }),
    }),
  ]
}

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
  const { avatar_url: avatarUrl, metadata, ...rest } = body
  const change = {
    ...Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, value ?? undefined])),
    ...(avatarUrl === undefined ? {} : { avatarUrl: avatarUrl ?? undefined }),
    ...(metadata ? { metadata } : {}),
  }
  try {
    const changed = await parts.users.update(user.id, change)
    if (!changed) throw new AppError('forbidden', 403)
    parts.audit(
      { type: 'user.updated', target: `user:${user.id}`, details: { fields: Object.keys(body) } },
      { caller, request },
    )
    return presentUser(changed)
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

const iso = (time: number | undefined): string | null =>
  time === undefined ? null : new Date(time).toISOString()

const presentSession = (one: SignedIn, grantId: string | undefined) => ({
  id: one.id,
  kind: one.kind,
  client_id: one.clientId ?? null,
  address: one.address ?? null,
  agent: one.agent ?? null,
  last_seen_at: iso(one.lastSeenAt),
  expires_at: iso(one.expiresAt),
  is_current: grantId !== undefined && one.grantId === grantId,
})

const presentGrant = (one: {
  clientId: string
  name: string
  scopes: string[]
  expiresAt?: number | undefined
}) => ({
  client_id: one.clientId,
  client_name: one.name,
  scopes: one.scopes,
  expires_at: iso(one.expiresAt),
})
