import { z } from 'zod'
import { route, type ApiRoute } from '#http/api.ts'
import type { QueuedMail } from '#storage/mail-queue.ts'
import type { Storage } from '#storage/storage.ts'
import { iso, nextCursor, pageQuery } from './pages.ts'

/** `/admin/mail`: what waits to be sent and what was given up; never what it says, which may sign somebody in. */
export interface MailParts {
  storage: Pick<Storage, 'mailQueue'>
}

const mailSchema = z
  .object({
    id: z.string(),
    to: z.string(),
    subject: z.string(),
    state: z.enum(['waiting', 'failed']),
    attempts: z.int(),
    created_at: z.iso.datetime(),
    next_attempt_at: z.iso.datetime().nullable(),
    last_error: z.string().nullable(),
  })
  .meta({ id: 'Mail' })

export const mailRoutes = ({ storage }: MailParts): ApiRoute[] => [
  route({
    tag: 'admin mail',
    access: { scope: 'admin:mail' },
    method: 'get',
    path: '/admin/mail',
    summary: 'Mail that waits or was given up, newest first, without its bodies.',
    query: pageQuery,
    answer: {
      status: 200,
      description: 'A page of mails.',
      schema: z.object({ mails: z.array(mailSchema), next_cursor: nextCursor }),
    },
    async handle({ query }) {
      const { mails, next } = await storage.mailQueue.list(query)
      return { mails: mails.map(presentMail), next_cursor: next ?? null }
    },
  }),
]

const presentMail = (mail: QueuedMail): z.infer<typeof mailSchema> => ({
  id: mail.id,
  to: mail.to,
  subject: mail.subject,
  state: mail.state,
  attempts: mail.attempts,
  created_at: iso(mail.createdAt),
  next_attempt_at: mail.state === 'failed' ? null : iso(mail.nextAttemptAt),
  last_error: mail.lastError ?? null,
})
