import { z } from 'zod'
import { route, text, type ApiRoute } from '#http/api.ts'
import type { AuditAsCaller } from '#http/audit.ts'
import { presentAdminSession } from '#oidc/presented-sessions.ts'
import type { Sessions } from '#oidc/sessions.ts'
import { adminSessionsSchema } from '#wire/sessions.ts'
import { notFound } from './refusals.ts'

/** `/admin/sessions`: where a person is signed in. All at once end by `/admin/users/:id/logout`. */
export interface SessionParts {
  sessions: Pick<Sessions, 'list' | 'end'>
  audit: AuditAsCaller
}

export function sessionRoutes({ sessions, audit }: SessionParts): ApiRoute[] {
  const common = { tag: 'admin sessions', access: { scope: 'admin:sessions' } } as const
  return [
    route({
      ...common,
      method: 'get',
      path: '/admin/sessions',
      summary: 'List a user’s sign-ins.',
      query: z.object({ user_id: text(64).min(1) }),
      answer: {
        status: 200,
        description: 'Most recent first; empty for an unknown user.',
        schema: adminSessionsSchema,
      },
      handle: async ({ query }) => ({
        sessions: (await sessions.list(query.user_id)).map(presentAdminSession),
      }),
    }),
    route({
      ...common,
      method: 'delete',
      path: '/admin/users/:id/sessions/:session_id',
      summary: 'End a user’s sign-in and revoke its tokens.',
      params: z.object({ id: text(64), session_id: text(128) }),
      answer: { status: 204, description: 'No content.' },
      async handle(call) {
        const { id, session_id: sessionId } = call.params
        if (!(await sessions.end(id, sessionId))) throw notFound()
        const details = { session_id: sessionId }
        audit({ type: 'session.ended', target: `user:${id}`, details }, call)
      },
    }),
  ]
}
