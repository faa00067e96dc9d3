import { z } from 'zod'
import { route, text, type ApiRoute } from '#http/api.ts'
import type { AuditAsCaller } from '#http/audit.ts'
import { AppError } from '#lib/app-error.ts'
import { presentSession } from '#oidc/presented-sessions.ts'
import type { Sessions } from '#oidc/sessions.ts'
import type { ResourceStore } from '#storage/resources.ts'
import { connectedAppsSchema } from '#wire/apps.ts'
import { sessionsSchema } from '#wire/sessions.ts'
import { presentGrant } from './grants.ts'
import { read, write } from './owner.ts'

/**
 * `/users/me/sessions…`, `/users/me/grants…`: where a person is signed in and which applications they have let in. For
 * anyone who brings a token of the person; ending something needs `account:write` and is written to the audit log.
 */
export interface SessionRouteParts {
  resources: Pick<ResourceStore, 'find'>
  sessions: Sessions
  audit: AuditAsCaller
}

const id = z.object({ id: text(128) })

export function sessionRoutes(parts: SessionRouteParts): ApiRoute[] {
  const tag = 'users'
  const { sessions, audit } = parts
  const gone = { status: 204, description: 'No content.' }
  return [
    route({
      tag,
      method: 'get',
      path: '/users/me/sessions',
      access: read,
      summary: 'List my sign-ins.',
      answer: {
        status: 200,
        description: 'Most recent first.',
        schema: sessionsSchema,
      },
      handle: async ({ caller }) => ({
        sessions: (await sessions.list(caller.userId!)).map((one) => presentSession(one, caller)),
      }),
    }),
    route({
      tag,
      method: 'delete',
      path: '/users/me/sessions',
      access: write,
      summary:
        'Sign out everywhere and revoke all access of applications; with `except=current`, end every other sign-in. API keys stay unless `api_keys=end`.',
      query: z.object({
        except: z.literal('current').optional(),
        api_keys: z.literal('end').optional(),
      }),
      answer: gone,
      async handle(call) {
        const { userId = '' } = call.caller
        const options = { apiKeys: call.query.api_keys !== undefined }
        if (call.query.except) await sessions.endOthers(userId, call.caller, options)
        else await sessions.endAll(userId, options)
        const type = call.query.except ? 'session.others_ended' : 'session.all_ended'
        audit({ type, target: `user:${userId}`, details: { api_keys: options.apiKeys } }, call)
      },
    }),
    route({
      tag,
      method: 'delete',
      path: '/users/me/sessions/:id',
      access: write,
      summary: 'End a sign-in.',
      params: id,
      answer: gone,
      async handle(call) {
        if (!(await sessions.end(call.caller.userId!, call.params.id)))
          throw new AppError('not_found')
        audit({ type: 'session.ended', target: `session:${call.params.id}` }, call)
      },
    }),
    route({
      tag,
      method: 'get',
      path: '/users/me/grants',
      access: read,
      summary: 'List connected apps.',
      answer: {
        status: 200,
        description: 'One entry per application.',
        schema: connectedAppsSchema,
      },
      async handle({ caller, request }) {
        const grants = await sessions.listGrants(caller.userId!)
        return {
          grants: await Promise.all(
            grants.map((one) => presentGrant(one, request.locale, parts.resources)),
          ),
        }
      },
    }),
    route({
      tag,
      method: 'delete',
      path: '/users/me/grants/:id',
      access: write,
      params: id,
      answer: gone,
      summary: 'Remove an app’s access and revoke its tokens.',
      async handle(call) {
        if (!(await sessions.removeGrants(call.caller.userId!, call.params.id)))
          throw new AppError('not_found')
        audit({ type: 'grant.removed', target: `client:${call.params.id}` }, call)
      },
    }),
  ]
}
