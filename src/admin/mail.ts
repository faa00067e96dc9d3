import { z } from 'zod'
import { route, text, type ApiRoute } from '#http/api.ts'
import type { AuditAsCaller } from '#http/audit.ts'
import type { Storage } from '#storage/storage.ts'
import { mailPageSchema, presentMail } from '#wire/mail.ts'
import { pageQuery } from '#wire/pages.ts'
import { notFound } from './refusals.ts'

/** `/admin/mail`: what waits to be sent and what was given up; never what it says, which may sign someone in. */
export interface MailParts {
  storage: Pick<Storage, 'mailQueue'>
  audit: AuditAsCaller
}

const common = { tag: 'admin mail', access: { scope: 'admin:mail' } } as const

export const mailRoutes = ({ storage, audit }: MailParts): ApiRoute[] => [
  route({
    ...common,
    method: 'get',
    path: '/admin/mail',
    summary: 'List queued and failed messages, newest first, without their bodies.',
    query: pageQuery.extend({ state: z.enum(['waiting', 'failed']).optional() }),
    answer: {
      status: 200,
      description: 'A page of messages.',
      schema: mailPageSchema,
    },
    async handle({ query }) {
      const { mails, next } = await storage.mailQueue.list(query)
      return { mails: mails.map(presentMail), next_cursor: next ?? null }
    },
  }),
  route({
    ...common,
    method: 'post',
    path: '/admin/mail/:id/retry',
    summary: 'Retry a failed message; 404 if it is queued or was sent.',
    params: z.object({ id: text(64) }),
    answer: { status: 204, description: 'The message is queued again.' },
    async handle(call) {
      const { id } = call.params
      if (!(await storage.mailQueue.retry(id))) throw notFound()
      audit({ type: 'mail.retried', target: `mail:${id}` }, call)
    },
  }),
]
