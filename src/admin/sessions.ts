import { z } from 'zod'
import { route, text, type ApiRoute } from '#http/api.ts'
import type { Sessions, SignedIn } from '#oidc/sessions.ts'
import type { Audit } from './audited.ts'
import { isoOrNull } from './pages.ts'
import { notFound } from './refusals.ts'

/** `/admin/sessions`: where a person is signed in. All at once end by `/admin/users/:id/logout`. */
export interface SessionParts {
  sessions: Pick<Sessions, 'list' | 'end'>
  audit: Audit
}

const sessionSchema = z
  .object({
    id: z.string(),
    kind: z.enum(['browser', 'app']),
    client_id: z.string().nullable(),
    address: z.string().nullable(),
    agent: z.string().nullable(),
    last_seen_at: z.iso.datetime().nullable(),
    expires_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'AdminSession' })

export function sessionRoutes({ sessions, audit }: SessionParts): ApiRoute[] {
  const common = { tag: 'admin sessions', access: { scope: 'admin:sessions' } } as const
  return [
    route({
      ...common,
      method: 'get',
      path: '/admin/sessions',
      summary: 'Where a user is signed in.',
      query: z.object({ user_id: text(64).min(1) }),
      answer: {
        status: 200,
        description: 'Latest first; empty for a user who is not known.',
        schema: z.object({ sessions: z.array(sessionSchema) }),
      },
      handle: async ({ query }) => ({
        sessions: (await sessions.list(query.user_id)).map(presentSession),
      }),
    }),
    route({
      ...common,
      method: 'delete',
      path: '/admin/users/:id/sessions/:session_id',
      summary: 'End one sign-in of a user, with the tokens that hang on it.',
      params: z.object({ id: text(64), session_id: text(128) }),
      answer: { status: 204, description: 'Done.' },
      async handle(call) {
        const { id, session_id: sessionId } = call.params
        if (!(await sessions.end(id, sessionId))) throw notFound()
        const details = { session_id: sessionId }
        audit({ type: 'session.ended', target: `user:${id}`, details }, call)
      },
    }),
  ]
}

const presentSession = (one: SignedIn): z.infer<typeof sessionSchema> => ({
  id: one.id,
  kind: one.kind,
  client_id: one.clientId ?? null,
  address: one.address ?? null,
  agent: one.agent ?? null,
  last_seen_at: isoOrNull(one.lastSeenAt),
  expires_at: isoOrNull(one.expiresAt),
})
