import { z } from 'zod'
import { route, text, type ApiCall, type ApiRoute } from '#http/api.ts'
import { AppError } from '#lib/app-error.ts'
import { LastSignInMethod } from '#storage/errors.ts'
import type { Identity, IdentityStore } from '#storage/identities.ts'

/**
 * `/users/me/identities`: the accounts elsewhere that a person can sign in with. For whoever brings a token of the person;
 * taking one away needs `account:write` and is written to the audit log. One is added in the browser, at
 * `/account/identities`.
 */
export interface IdentityRouteParts {
  identities: Pick<IdentityStore, 'listByUser' | 'unlink'>
  audit(
    event: { type: string; target?: string; details?: Record<string, unknown> },
    call: Pick<ApiCall<unknown, unknown, unknown>, 'caller' | 'request'>,
  ): void
}

export const identitySchema = z
  .object({
    id: z.string(),
    provider: z.string(),
    app_id: z.string(),
    subject: z.string(),
    email: z.string().nullable(),
    nickname: z.string().nullable(),
    avatar_url: z.string().nullable(),
    created_at: z.iso.datetime(),
    last_used_at: z.iso.datetime(),
  })
  .meta({ id: 'Identity' })

export function identityRoutes({ identities, audit }: IdentityRouteParts): ApiRoute[] {
  return [
    route({
      tag: 'users',
      method: 'get',
      path: '/users/me/identities',
      access: { scope: 'account:read' },
      summary: 'Accounts elsewhere that I can sign in with.',
      answer: {
        status: 200,
        description: 'Oldest first.',
        schema: z.object({ identities: z.array(identitySchema) }),
      },
      handle: async ({ caller }) => ({
        identities: (await identities.listByUser(caller.userId!)).map(presentIdentity),
      }),
    }),
    route({
      tag: 'users',
      method: 'delete',
      path: '/users/me/identities/:id',
      access: { scope: 'account:write' },
      summary: 'Sign in with this account elsewhere no more.',
      params: z.object({ id: text(64) }),
      answer: { status: 204, description: 'Done.' },
      problems: { 409: 'last_sign_in_method: there is no password and no other account' },
      async handle(call) {
        const userId = call.caller.userId!
        const { id } = call.params
        const taken = (await identities.listByUser(userId)).find((one) => one.id === id)
        if (!taken || !(await unlink(identities, userId, id))) throw new AppError('not_found', 404)
        const details = { provider: taken.provider }
        audit({ type: 'identity.unlinked', target: `user:${userId}`, details }, call)
      },
    }),
  ]
}

/** Resolves to whether the user had it; 409 when it is their last way in. */
async function unlink(
  identities: Pick<IdentityStore, 'unlink'>,
  userId: string,
  id: string,
): Promise<boolean> {
  try {
    return await identities.unlink(userId, id)
  } catch (cause) {
    if (cause instanceof LastSignInMethod) throw new AppError('last_sign_in_method', 409, { cause })
    throw cause
  }
}

export const presentIdentity = (one: Identity): z.infer<typeof identitySchema> => ({
  id: one.id,
  provider: one.provider,
  app_id: one.appId,
  subject: one.subject,
  email: one.profile.email ?? null,
  nickname: one.profile.nickname ?? null,
  avatar_url: one.profile.avatarUrl ?? null,
  created_at: new Date(one.createdAt).toISOString(),
  last_used_at: new Date(one.lastUsedAt).toISOString(),
})
