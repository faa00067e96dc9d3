import { z } from 'zod'
import type { QueuedMail } from '#storage/mail-queue.ts'
import { iso, nextCursor } from './pages.ts'

export const mailSchema = z
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

export type WireMail = z.infer<typeof mailSchema>

export const mailPageSchema = z.object({ mails: z.array(mailSchema), next_cursor: nextCursor })

export const presentMail = (mail: QueuedMail): z.infer<typeof mailSchema> => ({
  id: mail.id,
  to: mail.to,
  subject: mail.subject,
  state: mail.state,
  attempts: mail.attempts,
  created_at: iso(mail.createdAt),
  next_attempt_at: mail.state === 'failed' ? null : iso(mail.nextAttemptAt),
  last_error: mail.lastError ?? null,
})
