import { z } from 'zod'
import { route, text, type ApiCall, type ApiRoute } from '#http/api.ts'
import type { Factors } from '#factors/factors.ts'
import { AppError } from '#lib/app-error.ts'
import type { AuditEventType } from '#lib/audit-events.ts'
import type { Clock } from '#lib/clock.ts'
import type { User } from '#storage/users.ts'
import type { EndSignIns } from '#users/end-sign-ins.ts'
import type { Recovery } from '#users/recovery.ts'
import { messageSchema } from '#wire/account.ts'
import { adminUserSchema, presentAdminUser } from '#wire/users.ts'
import { changes } from './audited.ts'
import { notFound } from './refusals.ts'
import { findManagedUser, hashPassword, userId, userRoute, type UserId } from './users.ts'
import type { UserParts } from './users.ts'

/** `/admin/users/:id/ban`, `…/unban`, `…/reset-password`, `…/remove-factors`, `…/logout`. */
export interface UserActionParts extends UserParts {
  recovery: Pick<Recovery, 'forgotPassword'>
  factors: Pick<Factors, 'removeAll'>
  endSignIns: EndSignIns
  now: Clock
}

type Call<Body = undefined> = ApiCall<Body, undefined, UserId>

const reset = z.strictObject({ password: text(1024).min(1).optional() })
const reason = z.strictObject({ reason: text(500).optional() })

export function userActionRoutes(parts: UserActionParts): ApiRoute[] {
  const common = { ...userRoute, method: 'post', params: userId } as const
  const userAnswer = { status: 200, description: 'The user.', schema: adminUserSchema }
  return [
    route({
      ...common,
      path: '/admin/users/:id/ban',
      summary: 'Ban a user and revoke every sign-in and token.',
      body: reason,
      answer: userAnswer,
      problems: ['last_administrator'],
      handle: (call) => ban(parts, call),
    }),
    route({
      ...common,
      path: '/admin/users/:id/unban',
      summary: 'Unban a user.',
      answer: userAnswer,
      handle: (call) => unban(parts, call),
    }),
    route({
      ...common,
      path: '/admin/users/:id/reset-password',
      summary:
        'Reset a password. With `password`: sets it and ends every sign-in and API key; if the address was never confirmed, everything attached to the account is removed too. Without: mails the user a link.',
      body: reset,
      answer: {
        status: 200,
        description: 'No content.',
        schema: messageSchema,
      },
      problems: ['no_email', 'banned'],
      handle: (call) => resetPassword(parts, call),
    }),
    route({
      ...common,
      path: '/admin/users/:id/remove-factors',
      summary:
        'Remove all second factors and end every sign-in, for users who lost their phone and recovery codes.',
      answer: {
        status: 200,
        description: 'How many were removed.',
        schema: z.object({ removed: z.int() }),
      },
      handle: (call) => removeFactors(parts, call),
    }),
    route({
      ...common,
      path: '/admin/users/:id/logout',
      summary: 'End every sign-in of a user and revoke their tokens.',
      answer: { status: 204, description: 'No content.' },
      async handle(call) {
        const { id } = await findManagedUser(parts, call)
        await parts.endAll(id)
        parts.audit({ type: 'session.all_ended', target: `user:${id}` }, call)
      },
    }),
  ]
}

async function ban(parts: UserActionParts, call: Call<z.infer<typeof reason>>) {
  const before = await findManagedUser(parts, call)
  const bannedAt = before.bannedAt ?? parts.now()
  const after = await parts.storage.users.update(before.id, { bannedAt })
  if (!after) throw notFound()
  await parts.endAll(after.id)
  return recorded(parts, call, { type: 'user.banned', before, after, reason: call.body.reason })
}

async function unban(parts: UserActionParts, call: Call) {
  const before = await findManagedUser(parts, call)
  const after = await parts.storage.users.update(before.id, { bannedAt: undefined })
  if (!after) throw notFound()
  return recorded(parts, call, { type: 'user.unbanned', before, after })
}

function recorded(
  { audit }: UserActionParts,
  call: Call<unknown>,
  {
    type,
    before,
    after,
    reason,
  }: { type: AuditEventType; before: User; after: User; reason?: string | undefined },
) {
  const difference = changes(presentAdminUser(before), presentAdminUser(after))
  const details = { ...difference, ...(reason === undefined ? {} : { reason }) }
  audit({ type, target: `user:${after.id}`, details }, call)
  return presentAdminUser(after)
}

async function removeFactors(parts: UserActionParts, call: Call) {
  const user = await findManagedUser(parts, call)
  const removed = await parts.factors.removeAll(user)
  await parts.endAll(user.id)
  const target = `user:${user.id}`
  parts.audit({ type: 'factor.all_removed', target, details: { removed } }, call)
  return { removed }
}

async function resetPassword(parts: UserActionParts, call: Call<z.infer<typeof reset>>) {
  const user = await findManagedUser(parts, call)
  const target = `user:${user.id}`
  const { password } = call.body
  if (password !== undefined) {
    const passwordHash = await hashPassword(parts, password)
    // No owner has confirmed the address, but the account may have been made by a stranger.
    await parts.endSignIns(user, { passwordHash, apiKeys: true, takeover: {} })
    parts.audit({ type: 'password.set', target }, call)
    return { message: 'the password is set and every sign-in and API key has ended' }
  }
  if (user.email === undefined) throw new AppError('no_email')
  if (user.bannedAt !== undefined) throw new AppError('banned')
  await parts.recovery.forgotPassword(user.email, { locale: call.request.locale })
  parts.audit({ type: 'password.reset_requested', target }, call)
  return { message: 'a link is on its way' }
}
