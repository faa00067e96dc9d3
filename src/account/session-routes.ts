import { z } from 'zod'
import { route, text, type ApiCall, type ApiRoute } from '#http/api.ts'
import { AppError } from '#lib/app-error.ts'
import { presentSession, sessionSchema } from '#oidc/presented-sessions.ts'
import type { ConnectedApp, Sessions } from '#oidc/sessions.ts'

/**
 * `/users/me/sessions…`, `/users/me/grants…`: where a person is signed in and which applications they have let in. For
 * whoever brings a token of the person; ending something needs `account:write` and is written to the audit log.
 */
export interface SessionRouteParts {
  sessions: Sessions
  audit(
    event: { type: string; target?: string; details?: Record<string, unknown> },
    call: Pick<ApiCall<unknown, unknown, unknown>, 'caller' | 'request'>,
  ): void
}

const read = { scope: 'account:read' }
const write = { scope: 'account:write' }
const id = z.object({ id: text(128) })

export const grantSchema = z
  .object({
    client_id: z.string(),
    client_name: z.string(),
    scopes: z.array(z.string()),
    expires_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'ConnectedApp' })

export function sessionRoutes(parts: SessionRouteParts): ApiRoute[] {
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
  ]
}

const iso = (time: number | undefined): string | null =>
  time === undefined ? null : new Date(time).toISOString()

export const presentGrant = (one: ConnectedApp) => ({
  client_id: one.clientId,
  client_name: one.name,
  scopes: one.scopes,
  expires_at: iso(one.expiresAt),
})
